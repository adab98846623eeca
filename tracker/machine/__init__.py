"""The machine a run trains on: what it is, how busy it is, and what the training printed."""
