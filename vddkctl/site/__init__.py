"""Desired state: the spec as models, the YAML it comes from, and what is wrong with it."""
