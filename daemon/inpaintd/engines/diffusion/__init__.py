"""Diffusion models of the diffusers library as an engine.

`engine.py` tells the story of a request; each other file is one thing that it needs. The stock
pipelines are called as they are, never copied: what they lack (soft masks, infill in latent space,
previews, cancelling) is done in their step callback or round their VAE.
"""
