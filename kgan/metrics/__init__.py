"""Measures of generated images, one file a measure; the extractors they stand on; one pass for all of them.

A measure carries the name of its extractor (`fid_inception`, `fd_digits_cnn`), so that no one takes what rests on a
small classifier for the Inception-based IS and FID. Nothing is imported here.
"""
