"""The inpaintd protocol: its messages, their wire form, and a client that speaks it.

Standard library and msgpack only, Python 3.10 and later, because editor plug-ins carry this
package along and run it in the editor's own Python. PROTOCOL.md is the normative text.
"""

PROTOCOL_VERSION = (1, 2)
"""Major and minor. Peers with different majors do not talk; a minor only adds."""
