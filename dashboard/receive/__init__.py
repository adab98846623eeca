"""What shippers send: segments of runs that were written on other machines."""
