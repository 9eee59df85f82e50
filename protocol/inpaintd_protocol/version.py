"""The version of the protocol."""

PROTOCOL_VERSION = (1, 2)
"""Major and minor version. Peers with different majors are incompatible; a minor only adds."""
