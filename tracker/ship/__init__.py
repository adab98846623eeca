"""Ship: what runs log here is sent to a store elsewhere, by a process of its own that the training never waits for."""
