"""The version of the protocol."""

PROTOCOL_VERSION = (1, 2)
"""Major and minor. Peers with different majors do not talk; a minor only adds."""
