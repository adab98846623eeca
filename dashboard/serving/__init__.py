"""Serving: models of runs, asked over TensorFlow Serving's REST interface and by the page, in a process of their own."""
