"""One example of every message, and of every odd thing that a message may hold.

They are the byte vectors in protocol/vectors: a change here is a change of the protocol.
"""

from __future__ import annotations

import struct

from inpaintd_protocol.messages import (
    Accepted,
    Attach,
    Cancel,
    Cancelled,
    Click,
    Disk,
    Failed,
    Finished,
    GetDisk,
    GetOffer,
    GetStatus,
    Hello,
    Inpaint,
    InstallModel,
    ListModels,
    MakeMask,
    Message,
    ModelDone,
    ModelInfo,
    ModelProgress,
    Models,
    ModelUsage,
    Notice,
    ObjectPrompt,
    Offer,
    PauseModel,
    Plan,
    Planned,
    Preview,
    Progress,
    RemoveModel,
    RequestState,
    ResultLayer,
    SetUp,
    Shutdown,
    ShuttingDown,
    Status,
    UseModel,
    VerifyModel,
    Welcome,
    WorkerState,
)
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Control, Lora, Reference, Settings, Stage

ID = "00112233445566778899aabbccddeeff"

RGBA_2X1 = Plane(2, 1, 4, "u8", bytes([255, 0, 0, 255, 0, 255, 0, 0]))
RGB_1X2 = Plane(1, 2, 3, "u8", bytes([1, 2, 3, 4, 5, 6]))
MASK_2X1 = Plane(2, 1, 1, "u8", bytes([0, 255]))
RGBA_16_BIT = Plane(1, 1, 4, "u16", struct.pack("<4H", 0, 256, 32768, 65535))
RGB_FLOAT = Plane(1, 1, 3, "f32", struct.pack("<3f", 0.0, 0.5, 1.0))
LONG_ROW = Plane(70, 1, 4, "u8", bytes(range(256)) + bytes(24))

EVERY_SETTING = Settings(
    prompt="a fox",
    negative_prompt="blurry",
    model="sd15",
    intent="refine",
    strength=0.75,
    steps=50,
    guidance_scale=5.5,
    seed=4294967295,
    count=4,
    area="whole",
    context_pixels=32,
    context_factor=1.25,
    sampling_pixels=200,
    sampling_sides="above-below",
    infill="noise",
    replace=0.5,
    invert=True,
    grow_pixels=-3,
    feather_pixels=8,
    threshold=0.5,
    text_mask="dog, leash",
    text_mask_threshold=0.0,
    text_mask_combine="union",
    scheduler="euler_a",
    width=768,
    height=512,
    match_colour=False,
    preview=True,
    output="masked",
    controls=(
        Control(
            kind="tile", model="cn-tile", weight=0.5, start=0.25, end=0.75, downsampling_rate=2.0
        ),
        Control(),
    ),
    loras=(Lora(name="grain", weight=-0.5),),
    embeddings=("<style-a>", "<style-b>"),
    stages=(
        Stage(
            kind="inpaint",
            model="xl",
            prompt="a red fox",
            negative_prompt="grey",
            strength=0.5,
            steps=10,
            guidance_scale=0.0,
            scheduler="ddim",
            seed=0,
        ),
        Stage(),
    ),
    references=(Reference(weight=0.5),),
    speed="balanced",
    exact_diffusers=True,
)

EXAMPLES: dict[str, tuple[str, Message]] = {
    "hello": (
        "The first message of a connection.",
        Hello(ID, client="example 1.0", nonce=bytes(range(32))),
    ),
    "plan": (
        "A 40-megapixel canvas with a small hole, all settings unset.",
        Plan(ID, Rectangle(0, 0, 8000, 5000), Rectangle(4000, 2500, 200, 150)),
    ),
    "plan-negative-coordinates": (
        "A layer that begins outside the canvas.",
        Plan(ID, Rectangle(-1048576, -40, 1048576, 80), Rectangle(-128, -33, 1, 32)),
    ),
    "plan-sampling": (
        "A sampling area away from the hole.",
        Plan(
            ID,
            Rectangle(0, 0, 8000, 5000),
            Rectangle(4000, 2500, 200, 150),
            sampling=Rectangle(100, 200, 300, 400),
        ),
    ),
    "inpaint": (
        "The hole is the layer's transparency; every setting unset.",
        Inpaint(ID, layer=RGBA_2X1),
    ),
    "inpaint-mask-plane": (
        "A mask of its own in a second frame; the result is kept when the client goes.",
        Inpaint(ID, RGBA_2X1, offset=(-5, 1048576), mask=MASK_2X1, on_disconnect="keep"),
    ),
    "inpaint-stage-masks": (
        "Three stages, the second with a mask of its own besides the request's.",
        Inpaint(
            ID,
            RGBA_2X1,
            Settings(stages=(Stage(), Stage("inpaint"), Stage())),
            mask=MASK_2X1,
            stage_masks=(None, Plane(2, 1, 1, "u8", bytes([255, 0])), None),
        ),
    ),
    "inpaint-sampling": (
        "Only the second pixel may be copied.",
        Inpaint(ID, RGBA_2X1, sampling=Plane(2, 1, 1, "u8", bytes([0, 255]))),
    ),
    "inpaint-reference-masks": (
        "Two references, of which the second counts only where its mask says.",
        Inpaint(
            ID,
            RGBA_2X1,
            Settings(references=(Reference(), Reference(0.5))),
            references=(RGBA_2X1, RGBA_2X1),
            reference_masks=(None, Plane(2, 1, 1, "u8", bytes([0, 255]))),
        ),
    ),
    "inpaint-every-setting": (
        "No setting at its default; two controls and two stages, each with one at its defaults, and"
        " a reference.",
        Inpaint(ID, RGBA_2X1, settings=EVERY_SETTING, references=(RGBA_2X1,)),
    ),
    "inpaint-unicode-prompt": (
        "Text beyond ASCII: accents, a right-to-left script, CJK, an emoji of several code points.",
        Inpaint(ID, RGB_1X2, Settings(prompt='façade, שלום, 犬, 👩‍🚀, \\ " \n\t\0')),
    ),
    "inpaint-16-bit": (
        "16-bit samples are little-endian.",
        Inpaint(ID, RGBA_16_BIT, Settings(seed=0)),
    ),
    "inpaint-float": (
        "Float samples are little-endian, 1.0 is white.",
        Inpaint(ID, RGB_FLOAT),
    ),
    "inpaint-long-frame": (
        "A frame over 255 bytes; the header is long as well.",
        Inpaint(ID, LONG_ROW, Settings(prompt="x" * 300)),
    ),
    "mask": (
        "Only the mask, found by words.",
        MakeMask(ID, RGBA_2X1, Settings(text_mask="sky"), offset=(3, 4)),
    ),
    "mask-object": (
        "The mask of an object, by clicks, a box and a rough selection.",
        MakeMask(
            ID,
            RGBA_2X1,
            mask=MASK_2X1,
            object=ObjectPrompt(
                (Click(0.5, -1.25), Click(1.0, 0.0, inside=False)),
                (Rectangle(-1, 0, 2, 3),),
                rough=True,
                choice=2,
            ),
        ),
    ),
    "models": ("What models are there?", ListModels(ID)),
    "status": ("What is the daemon doing?", GetStatus(ID)),
    "cancel": ("Stop the request of this id.", Cancel(ID)),
    "attach": ("Take over the request of this id.", Attach(ID)),
    "model_install": (
        "Fetch a model whose licence has been accepted.",
        InstallModel(ID, "flux.1-fill", accept_licence=True, token="hf_example"),
    ),
    "model_pause": ("Stop fetching it for now.", PauseModel(ID, "flux.1-fill")),
    "model_remove": ("Delete it.", RemoveModel(ID, "flux.1-fill", force=True)),
    "model_verify": ("Check its files.", VerifyModel(ID, "sdxl")),
    "disk": ("What do models take?", GetDisk(ID)),
    "model_use": ("Fill with it from now on.", UseModel(ID, "sdxl")),
    "offer": ("What would be fetched?", GetOffer(ID, "flux.1-fill")),
    "setup": ("Install the libraries.", SetUp(ID)),
    "shutdown": ("Stop the daemon. The shortest request id.", Shutdown("1")),
    "welcome": (
        "The answer to hello.",
        Welcome(ID, "0.1.0", (1, 2), bytes(range(255, 223, -1)), ("plan", "inpaint")),
    ),
    "welcome-nothing-optional": (
        "A daemon with no capabilities to name: an empty list.",
        Welcome("~" * 64, "", (2, 17), bytes(32)),
    ),
    "planned": (
        "Send these pixels.",
        Planned(ID, Rectangle(3744, 2319, 712, 512)),
    ),
    "accepted": ("Third in the queue.", Accepted(ID, position=3)),
    "progress": (
        "Waiting; the time that remains is not known.",
        Progress(ID, phase="waiting", fraction=0.0, position=1),
    ),
    "progress-denoising": (
        "Step 12 of 30 of the second variant.",
        Progress(ID, "denoising", 0.7, 12, 30, 1, 0, remaining_seconds=4.25),
    ),
    "preview": (
        "A sketch at half size of a 4 x 2 region.",
        Preview(ID, 0, offset=(-1, 7), size=(4, 2), pixels=RGBA_2X1, final=False),
    ),
    "finished": (
        "One layer, no warnings.",
        Finished(
            ID,
            layers=(ResultLayer(RGBA_2X1, (10, 20), seed=7),),
            mask=MASK_2X1,
            mask_offset=(10, 20),
            model="patchmatch",
        ),
    ),
    "finished-variants": (
        "Two variants with layer masks, and a warning: five frames, 16 bit and 8 bit.",
        Finished(
            ID,
            layers=(
                ResultLayer(RGBA_16_BIT, (-1, 0), seed=4294967295, mask=Plane(1, 1, 1, "u8", b"a")),
                ResultLayer(RGBA_16_BIT, (-1, 0), seed=0, mask=Plane(1, 1, 1, "u8", b"b")),
            ),
            mask=Plane(1, 1, 1, "u16", b"\x00\xff"),
            mask_offset=(-1, 0),
            model="sd15",
            warnings=(Notice("colour_lost", "Colours are lost.", "Keep them."),),
            steps=30,
            engine_seconds=1.5,
            settings=Settings(model="sd15", steps=30, guidance_scale=7.5),
        ),
    ),
    "finished-mask-only": (
        "The answer to mask: an empty list of layers.",
        Finished(ID, (), MASK_2X1, (0, 0), model=""),
    ),
    "failed": (
        "A failure that a retry can cure.",
        Failed(ID, "busy", "The daemon is busy.", "Wait.", True, retry_after_seconds=2.5),
    ),
    "failed-unreadable-request": (
        "The answer to a message in which no request id could be found.",
        Failed("-", "bad_message", "The message's header is not valid msgpack."),
    ),
    "cancelled": ("The request was cancelled.", Cancelled(ID)),
    "model_list": (
        "One model at hand, one to be installed.",
        Models(
            ID,
            (
                ModelInfo("patchmatch", "PatchMatch", "patchmatch", installed=True, default=True),
                ModelInfo(
                    "sd15",
                    "Stable Diffusion 1.5",
                    "diffusion",
                    installed=False,
                    native_side=512,
                    multiple=8,
                    needs="4 GB of GPU memory",
                    install="inpaintd install sd15",
                    honours=("prompt", "steps"),
                    fits="fits, about 3 times slower: streamed from memory",
                ),
            ),
            (Notice("card_unused", "The card is not used.", "Run: inpaintd setup"),),
        ),
    ),
    "model_progress": (
        "Half of 7 GB has arrived.",
        ModelProgress(ID, "sdxl", 3_500_000_000, 7_000_000_000, 12_500_000.0),
    ),
    "model_done": ("It has been removed.", ModelDone(ID, "sdxl", "removed", 7_000_000_000)),
    "download_offer": (
        "A model for members of the hub.",
        Offer(
            ID,
            "FLUX.1 Fill",
            34_000_000_000,
            20_000_000_000,
            20_100_000_000,
            250_000_000_000,
            licence="FLUX.1 [dev] Non-Commercial",
            commercial="no",
            page="https://huggingface.co/black-forest-labs/FLUX.1-Fill-dev",
            must_accept=True,
            needs_token=True,
        ),
    ),
    "disk_usage": (
        "One model, and what is free.",
        Disk(
            ID,
            250_000_000_000,
            (ModelUsage("vae-ft-mse", 335_000_000, own=True, whole=True, used_by=("mine",)),),
        ),
    ),
    "daemon_status": (
        "One request, one worker.",
        Status(
            ID,
            daemon="0.1.0",
            pid=4194304,
            uptime_seconds=3600.25,
            resident_bytes=1 << 32,
            endpoint="tcp://127.0.0.1:47700",
            requests=(RequestState("a", "example 1.0", "denoising", 0.5),),
            workers=(WorkerState(4194305, "cpu", "busy", "patchmatch"),),
            finished=128,
            failed=65536,
            cancelled=1,
        ),
    ),
    "daemon_status-idle": (
        "Nothing to do: empty lists.",
        Status(ID, "0.1.0", 1, 0.0, 0, "tcp://127.0.0.1:47700"),
    ),
    "shutting_down": ("The answer to shutdown.", ShuttingDown(ID)),
}
