"""The registry of models and what installs them."""
