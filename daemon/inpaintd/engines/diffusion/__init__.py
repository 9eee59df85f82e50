"""An engine for the diffusion models of the diffusers library.

`engine.py` controls the course of a request. `loading` turns names into models on the device,
`prompts` turns text into a pipeline's arguments, and `painting` runs the passes. The stock
pipelines are called unchanged, never copied: missing features (soft masks, latent infill, previews,
cancelling) are added in their step callback or around their VAE.
"""
