"""A live cluster, through the Kubernetes API."""
