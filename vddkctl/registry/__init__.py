"""Where images live: one interface and the places behind it."""
