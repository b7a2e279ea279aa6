"""Networks as functional models; they know nothing of training."""
