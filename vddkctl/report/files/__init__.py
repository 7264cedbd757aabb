"""Reports of a run in files: for programs, for pull requests, for dashboards, for people."""
