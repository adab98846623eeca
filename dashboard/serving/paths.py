"""Where TensorFlow Serving's clients ask; known before anything else of serving is imported."""

BELOW = ("/v1/", "/monitoring/")
"""All that is asked below these is meant for it."""

MODELS = "/v1/models"

METRICS = ("/v1/metrics", "/monitoring/prometheus/metrics")
