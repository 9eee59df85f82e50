"""The part that runs inside GIMP: find the hole, ask the daemon, insert the answer as a new layer.

Runs in GIMP's own Python with `gi`, the standard library, and the two packages that are carried
along (`inpaintd_protocol` and msgpack's pure-Python part). Nothing here computes pixels.
"""
