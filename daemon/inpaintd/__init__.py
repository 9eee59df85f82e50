"""A resident local inpainting daemon, its workers, its hot folder and its command line."""

__version__ = "0.1.0"
