"""What every method shares: the base class, EMA, checkpoints, logs, and the loop around `fit`."""
