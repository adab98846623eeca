"""Other people's APIs over ours: change an import and keep the code."""
