"""Barycenter Explorer: see, touch and measure how multimodal autoencoders fuse what they see."""

__version__ = "0.1.0"
