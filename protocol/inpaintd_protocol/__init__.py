"""The inpaintd protocol: its messages, their wire form, and a client that speaks it.

    from inpaintd_protocol import Plane, Settings, connect

    layer = Plane(width, height, 4, "u8", rgba)  # transparent where to repaint
    with connect(name="my program") as client:
        answer = client.inpaint(layer, Settings(prompt="grass"))
    for result in answer.layers:
        result.pixels.data, result.offset, result.seed

Standard library and msgpack only, Python 3.10 and later, because editor plug-ins carry this
package along and run it in the editor's own Python. PROTOCOL.md is the normative text.
"""

from .client import Client, connect
from .errors import InpaintError
from .messages import Finished, Progress
from .plane import Plane
from .rectangle import Rectangle
from .settings import Control, Lora, Settings, Stage
from .version import PROTOCOL_VERSION

__all__ = [
    "PROTOCOL_VERSION",
    "Client",
    "Control",
    "Finished",
    "InpaintError",
    "Lora",
    "Plane",
    "Progress",
    "Rectangle",
    "Settings",
    "Stage",
    "connect",
]
