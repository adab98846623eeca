"""The HTTP interface: routes, a file for each thing that is asked about."""
