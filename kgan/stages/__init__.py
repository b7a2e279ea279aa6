"""Stages that recipes are put together from: each a function that returns a stage's function."""
