"""Train, distil, compress and ship GANs with Keras 3."""

import os

__version__ = "0.1.0"

# TensorFlow turns oneDNN's kernels on by itself only where the CPU has AVX512-VNNI or AMX. On a CPU with
# AVX2 alone they made a transposed convolution three to eight times faster. The variable is read when
# TensorFlow is loaded; whoever sets it keeps the choice.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
