"""Visdom's protocol over the network: its clients talk to us as to its server. The one room that writes runs."""
