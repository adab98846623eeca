"""What is taken away: every point in a file, or charts in a report."""
