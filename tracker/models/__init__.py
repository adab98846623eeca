"""Models: what is said of a version, how frameworks' models become files, who answers for them. Stores nothing."""
