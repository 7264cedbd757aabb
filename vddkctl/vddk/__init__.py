"""Product knowledge about VDDK and Forklift. Pure: values in, values out."""
