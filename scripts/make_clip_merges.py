"""Make configurations/clip-merges.txt.gz from the vocabulary that OpenAI's CLIP is published with.

Run once, with the path of `bpe_simple_vocab_16e6.txt.gz`. It is in https://github.com/openai/CLIP
(MIT licence) and in the packages that carry CLIP, such as open_clip_torch.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

from inpaintd.models.configurations import MERGES, WORDS


def main(vocabulary: Path) -> None:
    """Write the merges that CLIP uses: all words but two for each byte and the two specials."""
    lines = gzip.decompress(vocabulary.read_bytes()).decode("utf-8").split("\n")
    used = lines[1 : 1 + WORDS - 2 * 256 - 2]  # the first line is a heading
    # Without a time, so that the same merges are the same file.
    MERGES.write_bytes(gzip.compress("\n".join(used).encode("utf-8"), mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
