"""The ways into the daemon: ZMTP, and WebSockets for plug-ins that have nothing else."""

from inpaintd_protocol import limits
from inpaintd_protocol.plane import BYTES_PER_SAMPLE

FRAME_BYTES = limits.PLANE_PIXELS * 4 * max(BYTES_PER_SAMPLE.values())
"""Longest frame: a plane as large as the protocol allows."""


class Vanished(Exception):
    """The client's connection is gone."""
