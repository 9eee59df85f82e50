"""All limits of the protocol."""

HEADER_BYTES = 64 * 1024
"""Longest msgpack header of a message, in bytes."""

PLANES = 32
"""Most pixel planes in one message, and hence most frames after its header."""

PLANE_PIXELS = 100_000_000
"""Most pixels in one plane. A bigger canvas is fine: `plan` keeps what is sent small."""

MESSAGE_BYTES = 1 << 31
"""Most bytes in the frames of one message."""

CANVAS_SIDE = 1 << 20
"""Longest side of a canvas, and farthest offset from its origin, in pixels."""

PROMPT_CHARACTERS = 16_000
"""Longest prompt."""

TEXT_CHARACTERS = 32_000
"""Longest text of any other field."""

LIST_ITEMS = 256
"""Most items of any list in a header."""

REQUEST_ID_CHARACTERS = 64
"""Longest request id; clients use 32 hexadecimal digits of a random UUID."""

QUEUED_REQUESTS = 256
"""Most requests waiting in the daemon, over all clients, before it answers `busy`."""

QUEUED_BYTES = 4 << 30
"""Most bytes of pixels waiting in the daemon before it answers `busy`."""

HEARTBEAT_SECONDS = 0.5
"""Interval at which the daemon sends progress to the owner of an unfinished request."""
