"""Copying: whole runs from one store to another, exact, and from where it stood when it was cut."""
