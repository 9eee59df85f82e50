"""Diffusion models of the diffusers library as an engine.

`engine.py` tells the story of a request. `loading` turns names into models on the device, `prompts`
turns words into a pipeline's arguments, and `painting` runs the passes. The stock pipelines are
called unchanged, never copied: what they lack (soft masks, infill in latent space, previews,
cancelling) is done in their step callback or around their VAE.
"""
