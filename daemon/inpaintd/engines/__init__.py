"""The engines that fill regions. Each implements `inpaintd.engine.Engine`."""
