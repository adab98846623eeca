"""The server: a socket, the page's frame and scripts, who may come in, and what is imported meanwhile."""
