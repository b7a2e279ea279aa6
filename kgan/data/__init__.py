"""Data sets: one file a set, each with a `load(...)` that returns an `image_set.ImageSet`,
or a `value_set.ValueSet` where the labels are numbers.

`image` is the one place that decodes, resizes and scales pixels. Import the file you need
(`from kgan.data import digits`); nothing is imported here, so that this package costs nothing.
"""
