"""Where models are asked; known before anything else of serving is imported."""

BELOW = ("/v1/", "/monitoring/")
"""All that is asked below these is meant for TensorFlow Serving's interface."""

ASKED = (*BELOW, "/api/v1/models", "/api/v1/try", "/api/v1/cases")
"""And below these by the page."""

MODELS = "/v1/models"

METRICS = ("/v1/metrics", "/monitoring/prometheus/metrics")
