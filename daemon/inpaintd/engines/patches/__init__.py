"""The built-in fill: patch-based synthesis from coarse to fine. See docs/fill.md."""
