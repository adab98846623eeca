"""Findings: what went wrong in a training, where and since when, told from what it logged.

Pure: a `Training` is what is known of a run, whoever read it; a detector is a function of one; `examine` asks them all.
"""
