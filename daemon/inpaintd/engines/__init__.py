"""What can fill a region. Every engine satisfies `inpaintd.engine.Engine`."""
