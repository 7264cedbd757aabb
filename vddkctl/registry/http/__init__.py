"""Registries that speak the OCI distribution API over HTTP."""
