"""Prompts: their syntax, and their conversion to a pipeline's arguments."""
