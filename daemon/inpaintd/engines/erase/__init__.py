"""Removal without a prompt, by a network in an ONNX file such as LaMa or MI-GAN.

Sources: Suvorov et al., "Resolution-robust Large Mask Inpainting with Fourier Convolutions", WACV
2022 (LaMa); Sargsyan et al., "MI-GAN: A Simple Baseline for Image Inpainting on Mobile Devices",
ICCV 2023.
"""
