"""What viz doctor does: how a damaged file is found, and what can be read of it written anew."""
