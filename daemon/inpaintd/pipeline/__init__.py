"""What a worker does with a request: mask, regions, infill, engine, composite."""
