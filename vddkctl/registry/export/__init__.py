"""Images as files: tar archives that other tools load."""
