"""Checks of an installation from end to end, each with what to do about what it finds."""
