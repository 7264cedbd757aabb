"""Effects: does what a plan says, checks before each write, records what it did."""
