"""What a worker does with a request: pure functions on arrays, one file a step."""
