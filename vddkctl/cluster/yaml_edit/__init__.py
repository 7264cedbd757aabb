"""Changing single fields of a YAML or JSON text, and no other character of it."""
