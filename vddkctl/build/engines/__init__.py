"""Building with a container engine: podman, or docker."""
