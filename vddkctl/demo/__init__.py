"""A site to try things on: a sample archive, a base, manifests and a spec."""
