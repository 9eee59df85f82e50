"""The daemon's listeners: ZMTP, and WebSockets for plug-ins that support nothing else."""

from inpaintd_protocol import limits
from inpaintd_protocol.plane import BYTES_PER_SAMPLE

FRAME_BYTES = limits.PLANE_PIXELS * 4 * max(BYTES_PER_SAMPLE.values())
"""Longest frame: the largest plane that the protocol allows."""


class Vanished(Exception):
    """The client's connection is gone."""
