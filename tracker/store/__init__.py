"""The event store: one SQLite file per writing process, in one folder per run."""
