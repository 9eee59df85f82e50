"""The ways in: ZeroMQ, and WebSocket for Photoshop."""
