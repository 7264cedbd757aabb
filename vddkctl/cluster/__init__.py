"""Where settings live: one interface and the places behind it."""
