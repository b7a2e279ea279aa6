"""Knowledge distillation between classifiers or regressors: the trained parts of each method, and their trainer.

`kgan.methods.kd.distillation.Distillation` trains a student with one `Technique`, of those in
`kgan.methods.kd.catalogue`, or with a loss of Keras's own `keras.distillation`. The losses themselves are pure
functions in `kgan.losses.kd`.
"""
