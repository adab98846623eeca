"""The subcommands of `viz` that end by themselves, one file each: its words, and what it does."""
