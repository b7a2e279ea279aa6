"""Export: a trained generator leaves as SavedModel and TFLite, with parity, size and latency of each file."""
