"""Painting: from tasks to pixels, pass by pass."""
