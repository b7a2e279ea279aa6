"""Methods: `keras.Model` subclasses with a `train_step` of their own, one file a method."""
