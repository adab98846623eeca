"""Shows what runs do, while they do it. Reads stores; never writes a run's files."""
