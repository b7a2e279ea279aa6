"""Small networks and batches with labels that several tests train: classes, and numbers in [0, 1]."""

import keras
import numpy as np
import tensorflow as tf
import tiny

from kgan.networks.layers import SpectralConv2D

CLASSES = 3
FEATURES = 5


def class_generator(latent_dim=tiny.LATENT_DIM, shape=tiny.SHAPE, filters=3):
    """{"latents", "labels" int} -> 8x8 images, through a table of classes and batch norm."""
    return _generator(keras.Input((), name="labels", dtype="int32"), keras.layers.Embedding(CLASSES, 4), latent_dim,
                      shape, filters)


def value_generator(latent_dim=tiny.LATENT_DIM, shape=tiny.SHAPE, filters=3):
    """{"latents", "labels" float} -> 8x8 images, through a frozen embedding that is nested in the network."""
    return _generator(keras.Input((), name="labels"), frozen_embedding(), latent_dim, shape, filters)


def class_discriminator(shape=tiny.SHAPE):
    """{"images", "labels" int} -> a score, by projection, with a spectral norm."""
    return _discriminator(keras.Input((), name="labels", dtype="int32"), keras.layers.Embedding(CLASSES, 4), shape)


def value_discriminator(shape=tiny.SHAPE):
    """{"images", "labels" float} -> a score, by projection on a frozen embedding."""
    return _discriminator(keras.Input((), name="labels"), frozen_embedding(), shape)


def label_embedding(width=4):
    """Labels [B] -> vectors [B, width]."""
    labels = keras.Input((), name="labels")
    x = keras.layers.Dense(6, "relu")(keras.layers.Reshape((1,))(labels))
    return keras.Model(labels, keras.layers.Dense(width)(x))


def frozen_embedding():
    """A label embedding whose weights never move."""
    network = label_embedding()
    network.trainable = False
    return network


def feature_network(shape=tiny.SHAPE):
    """8x8 images -> {"features", "logits"}, with batch norm."""
    images = keras.Input(shape)
    x = keras.layers.Conv2D(3, 3, 2, "same", use_bias=False)(images)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    features = keras.layers.Dense(FEATURES)(keras.layers.Flatten()(keras.layers.ReLU()(x)))
    return keras.Model(images, {"features": features, "logits": keras.layers.Dense(CLASSES)(features)})


def ratio_network():
    """{"features", "labels" float} -> ratios, with dropout as in the full-size one."""
    inputs = {"features": keras.Input((FEATURES,), name="features"), "labels": keras.Input((), name="labels")}
    x = keras.layers.Concatenate()([inputs["features"], keras.layers.Reshape((1,))(inputs["labels"])])
    x = keras.layers.Dropout(0.2, seed=1)(keras.layers.Dense(8, "relu")(x))
    return keras.Model(inputs, keras.layers.Dense(1, "softplus")(x))


def classifier(classes=CLASSES, shape=tiny.SHAPE, filters=3):
    """8x8 images -> logits, with batch norm."""
    images = keras.Input(shape)
    x = keras.layers.Conv2D(filters, 3, 2, "same", use_bias=False)(images)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    return keras.Model(images, keras.layers.Dense(classes)(keras.layers.Flatten()(keras.layers.ReLU()(x))))


def reseeded(network, seed):
    """A network of the same form and layer names whose draws begin elsewhere; its weights are drawn anew."""
    config = network.get_config()
    next(layer for layer in config["layers"] if layer["name"] == "diff_augment")["config"]["seed"] = seed
    return keras.Model.from_config(config)


def class_batch(num=4, steps=None, shape=tiny.SHAPE, seed=0):
    """(images [B, H, W, C], labels [B]), or with `steps` of them a batch; each image unlike the others."""
    draw = np.random.default_rng(seed)
    lead = (num,) if steps is None else (num, steps)
    images = draw.uniform(-1, 1, (*lead, *shape)).astype("float32")
    return tf.constant(images), tf.constant(draw.integers(0, CLASSES, lead).astype("int32"))


def value_batch(num=4, shape=tiny.SHAPE, seed=0):
    """(images [B, H, W, C], labels float32 [B] in [0, 1])."""
    draw = np.random.default_rng(seed)
    images = draw.uniform(-1, 1, (num, *shape)).astype("float32")
    return tf.constant(images), tf.constant(draw.uniform(0, 1, num).astype("float32"))


def vicinal_batch(num=4, steps=2, shape=tiny.SHAPE, seed=0):
    """What `CcGAN` takes: labels within 0.1 of their targets."""
    draw = np.random.default_rng(seed)
    targets = draw.uniform(0.1, 0.9, (num, steps))
    near = [targets + draw.uniform(-0.1, 0.1, (num, steps)) for _ in range(2)]
    found = {"images": draw.uniform(-1, 1, (num, steps, *shape)), "real_labels": near[0], "targets": targets,
             "fake_labels": near[1], "generator_labels": draw.uniform(0, 1, num)}
    return {name: tf.constant(value.astype("float32")) for name, value in found.items()}


def endless(batch):
    """The same batch for ever, as a data set."""
    return tf.data.Dataset.from_tensors(batch).repeat()


def _generator(labels, table, latent_dim, shape, filters):
    inputs = {"latents": keras.Input((latent_dim,), name="latents"), "labels": labels}
    vector = keras.layers.Concatenate()([inputs["latents"], table(labels)])
    x = keras.layers.Reshape((4, 4, filters))(keras.layers.Dense(4 * 4 * filters)(vector))
    x = keras.layers.LeakyReLU(0.2)(keras.layers.BatchNormalization(momentum=0.9, synchronized=True)(x))
    return keras.Model(inputs, keras.layers.Conv2DTranspose(shape[-1], 4, 2, "same", activation="tanh")(x))


def _discriminator(labels, table, shape):
    inputs = {"images": keras.Input(shape, name="images"), "labels": labels}
    x = keras.layers.LeakyReLU(0.2)(SpectralConv2D(3, 4, 2, "same")(inputs["images"]))
    x = keras.layers.Flatten()(x)
    projected = keras.layers.Dot(1)([keras.layers.Dense(4)(x), table(labels)])
    return keras.Model(inputs, keras.layers.Add()([keras.layers.Dense(1)(x), projected]))
