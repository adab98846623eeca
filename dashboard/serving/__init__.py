"""Serving: models of runs, asked over TensorFlow Serving's interface and by the page, in a process of their own."""
