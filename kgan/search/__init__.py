"""Searches with keras-tuner; it is handed the function that runs one trial."""
