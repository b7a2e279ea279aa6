"""The density-ratio network of cDR-RS: how much likelier a feature vector is real than generated, given its label.

Source: Ding et al., "Efficient Subsampling of Realistic Images From GANs Conditional on a Class or a Continuous
Variable" (2022), the conditional density ratio model (cDRE-F-cSP).
"""

import keras
from keras import layers

from kgan.errors import InputError
from kgan.networks.blocks import dense, dense_gn_relu, one_hot
from kgan.networks.checks import check_count, check_grouped, check_share
from kgan.networks.initializers import normal
from kgan.networks.label_embedding import frozen_embedding

CLASS_HIDDEN = (2048, 1024, 512, 256, 128)
VALUE_HIDDEN = (1024, 512, 256, 128, 64)


def density_ratio_network(feature_dim, num_classes=None, embedding=None, hidden=None, dropout=0.5,
                          name="density_ratio"):
    """{"features": [B, feature_dim], "labels": [B]} -> ratios [B, 1], not negative.

    The label's vector and the features side by side; for each of `hidden` dense, group norm of 8 groups, ReLU and
    dropout; one unit with ReLU. Exactly one of `num_classes` and `embedding` says what labels are.

    Args:
        feature_dim: number of features.
        num_classes: labels are int, 0 to num_classes - 1, each with a trainable vector of num_classes numbers,
            which starts from N(0, I) as PyTorch's tables do.
        embedding: labels are float in [0, 1]; a network, labels [B] -> [B, n], of which a frozen copy is taken.
        hidden: widths, multiples of 8 of at least 24 (group norm leaves nothing of smaller groups); None is the
            paper's, `CLASS_HIDDEN` or `VALUE_HIDDEN`: 9.3 million parameters for 3,072 features and 100 classes,
            13.4 million for 12,288 features and n = 128.
        dropout: share of units that are zeroed in training.

    Raises:
        InputError: an argument is not one of these.
    """
    check_count("feature_dim", feature_dim)
    check_share("dropout", dropout)
    if (num_classes is None) == (embedding is None):
        raise InputError("a density-ratio network takes either num_classes or an embedding; received "
                         f"{'neither' if embedding is None else 'both'}")
    if hidden is None:
        hidden = CLASS_HIDDEN if embedding is None else VALUE_HIDDEN
    for units in hidden:
        check_grouped("each of hidden", units)
    features = keras.Input((feature_dim,), name="features")
    if embedding is None:
        check_count("num_classes", num_classes, 2)
        labels = keras.Input((), name="labels", dtype="int32")
        table = layers.Dense(num_classes, use_bias=False, kernel_initializer=normal(1.0), name="class_vector")
        vector = table(one_hot(labels, num_classes))
    else:
        labels = keras.Input((), name="labels", dtype="float32")
        vector = frozen_embedding(embedding)(labels)
    x = layers.Concatenate(name="label_and_features")([vector, features])
    for number, units in enumerate(hidden, start=1):
        x = dense_gn_relu(x, units, f"hidden{number}")
        x = layers.Dropout(dropout, name=f"hidden{number}_dropout")(x)
    ratios = layers.ReLU(name="ratios", dtype="float32")(dense(x, 1, "ratios_dense", dtype="float32"))
    return keras.Model({"features": features, "labels": labels}, ratios, name=name)
