"""YAML text as nodes that know where they stand."""
