"""Losses: pure functions of tensors and floats, one file a family."""
