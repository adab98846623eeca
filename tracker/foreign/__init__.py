"""Other programs' logs, read as ours; one format a file."""
