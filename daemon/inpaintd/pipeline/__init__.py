"""A request's way through a worker: mask, regions, infill, engine, composite."""
