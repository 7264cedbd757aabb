"""Telling a webhook what a run came to, once for each change of state."""
