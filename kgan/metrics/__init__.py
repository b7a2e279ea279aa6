"""Measures of generated images, one file a measure.

Measures that rest on a classifier of the recipe's own data carry its name (`is_digits_cnn`,
`fd_digits_cnn`), so that no one takes them for the Inception-based IS and FID. Nothing is imported here.
"""
