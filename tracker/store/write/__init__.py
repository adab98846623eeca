"""Everything that writes a segment."""
