"""Small real trainings: each a script to read in a minute and to run with `python -m sample_runs.<name>`."""
