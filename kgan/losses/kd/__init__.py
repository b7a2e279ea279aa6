"""Losses of knowledge distillation between classifiers or regressors: pure functions, one file a method.

Each takes the student's features first and the teacher's second. The teacher's are constants. Maps are channels-last,
[B, H, W, C]. Sums and norms are taken in float32, whatever the networks compute in.
"""
