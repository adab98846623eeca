"""What can be logged beside numbers; one kind a file."""
