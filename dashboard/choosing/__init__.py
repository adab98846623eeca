"""Choosing runs by what they are: the words of a search, what runs are searched and sorted by, groups of them."""
