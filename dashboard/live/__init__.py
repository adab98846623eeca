"""What is known of the runs of a logdir, kept up to date and told to every open tab."""
