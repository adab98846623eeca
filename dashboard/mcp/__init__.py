"""The Model Context Protocol: a logdir for agents, who read it and propose what a person decides."""
