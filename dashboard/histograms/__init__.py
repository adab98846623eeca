"""Arrays in, pictures' data out: no Dash, no SQL, no files."""
