"""Loss landscapes: the loss on a line or a plane through a model's weights, laid out beside the training."""
