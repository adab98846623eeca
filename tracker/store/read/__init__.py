"""Everything that reads segments, without SQLAlchemy and without a way to write."""
