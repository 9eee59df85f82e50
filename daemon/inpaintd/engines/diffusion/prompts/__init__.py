"""Prompts: their syntax, and what a pipeline is given for them."""
