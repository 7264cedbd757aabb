"""What a person types: one small file a command, each parse → call → report → exit code."""
