"""vddkctl: VDDK images and settings for Forklift, declared in one file."""

__version__ = "0.1.0"
