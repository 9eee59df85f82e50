#!/usr/bin/env python3
"""The GIMP 3 plug-in: GIMP starts this file, once to ask what is in it and once for each call."""

import sys
from pathlib import Path

# GIMP's Python knows nothing of the packages that this folder carries along.
sys.path.insert(0, str(Path(__file__).resolve().parent))

import inpaint_plugin.libraries  # noqa: F401  # before all that uses them
from inpaint_plugin.procedures import main

if __name__ == "__main__":
    main(sys.argv)
