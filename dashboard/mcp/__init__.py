"""The Model Context Protocol: a logdir for agents, read and never written."""
