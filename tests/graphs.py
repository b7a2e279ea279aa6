"""Small methods on knowledge transfer graphs that several tests train, and a step of theirs written out."""

import random

import keras
import numpy as np
import tensorflow as tf
import tiny

from kgan.methods.collaborative import Collaborative
from kgan.methods.graph import all_through
from kgan.training.noise import StepNoise

SHAPE = (8, 8, 1)
BATCH = 4
RATE = 0.05


def generator(filters=2, latent_dim=tiny.LATENT_DIM, shape=SHAPE):
    """Latents -> 8x8 images by way of `stage3`, 4x4 maps, and `stage4`, 8x8 maps; batch norm before the first."""
    latents = keras.Input((latent_dim,), name="latents")
    x = keras.layers.Dense(4 * 4 * filters, name="dense")(latents)
    x = keras.layers.Reshape((4, 4, filters), name="maps")(x)
    x = keras.layers.BatchNormalization(momentum=0.9, synchronized=True, name="bn")(x)
    x = keras.layers.LeakyReLU(0.2, name="stage3")(x)
    x = keras.layers.Conv2DTranspose(filters, 4, shape[0] // 4, "same", name="conv")(x)
    x = keras.layers.LeakyReLU(0.2, name="stage4")(x)
    images = keras.layers.Conv2D(shape[-1], 3, 1, "same", activation="tanh", name="image")(x)
    return keras.Model(latents, images)


def discriminator(num_logits, batch_norm=False, shape=SHAPE, extra=None):
    """8x8 images -> logits; `extra` is a layer that sees the images first."""
    images = keras.Input(shape, name="images")
    x = keras.layers.Conv2D(3, 4, 2, "same", name="conv")(extra(images) if extra else images)
    if batch_norm:
        x = keras.layers.BatchNormalization(momentum=0.9, synchronized=True, name="bn")(x)
    x = keras.layers.Flatten(name="flat")(keras.layers.LeakyReLU(0.2, name="relu")(x))
    return keras.Model(images, keras.layers.Dense(num_logits, name="logits")(x))


def collaborative(edges=None, names="ab", networks=None, optimizer=None, seed=0, **settings):
    """A compiled method whose weights the seed determines; `networks` are (generators, discriminator)."""
    random.seed(seed)  # Keras draws its initialisers' seeds from here
    generators, judge = networks() if networks else ({name: generator() for name in names},
                                                     discriminator(len(names) + 1))
    settings = {"steps": 5, "ema_decay": 0.0, "alpha": 20.0} | settings
    method = Collaborative(generators, judge, edges or all_through(names, "output_side"), seed=seed, **settings)
    make = optimizer or (lambda: keras.optimizers.SGD(RATE))
    method.compile(make, make)
    return method


def real_images(num=2, batch=BATCH, shape=SHAPE):
    """[B, num, H, W, C], each image unlike the others."""
    values = np.random.default_rng(7).uniform(-1, 1, (batch, num, *shape)).astype("float32")
    return tf.constant(values if num > 1 else values[:, 0])


def trained(method, steps, num=2, **sizes):
    """Fits `method` for so many steps on one batch after another; returns the history."""
    options = tf.data.Options()
    options.autotune.enabled = False
    data = tf.data.Dataset.from_tensors(real_images(num, **sizes)).repeat().with_options(options)
    return method.fit(data, steps_per_epoch=steps, verbose=0, shuffle=False).history


def stepped(method, steps, num=2, **sizes):
    """The same without a compiled step, which takes seconds to build; returns the last step's losses."""
    for _ in range(steps):
        losses = method.train_step(real_images(num, **sizes))
    return {name: float(value) for name, value in losses.items()}


def weights(method):
    """Name -> values of all of a network's weights, statistics among them."""
    return {name: tiny.values(network.weights) for name, network in method.networks.items()}


def written_out(method, real, step=0, seed=0):
    """Takes one step of SGD on the method's networks by hand: section 3.3 in plain operations, all gates through."""
    judge, k, noise = method.networks["discriminator"], len(method.names), StepNoise(seed, step)
    reached = {edge.target for edge in method.edges}
    networks = {}
    for name in method.names:
        network = method.networks[f"generator_{name}"]
        networks[name] = keras.Model(network.input, [
            network.output, network.get_layer("stage3").output, network.get_layer("stage4").output])

    def made(name, latents):
        """What a generator makes, while its batch norm's statistics stay: they move with its own update."""
        network = networks[name]
        outputs, _ = network.stateless_call(network.trainable_variables, network.non_trainable_variables, latents,
                                            training=name in reached)
        return [tf.stop_gradient(part) for part in outputs]

    for place, name in enumerate(method.names):
        fake = made(name, noise.normal((real.shape[0], method.latent_dim)))[0]
        for images, target in ((real[:, place] if k > 1 else real, k), (fake, place)):
            with tf.GradientTape() as tape:
                loss = cross_entropy(judge(images, training=True), target)
            tiny.assign(judge.trainable_variables, tiny.descended(tape, loss, judge.trainable_variables, RATE))
            for layer in judge.layers:
                if hasattr(layer, "power_iteration"):
                    layer.power_iteration()
    latents, moved = noise.normal((real.shape[0], method.latent_dim)), {}
    given = {name: made(name, latents) for name in method.names}
    for name in reached:
        with tf.GradientTape() as tape:
            images, *maps = networks[name](latents, training=True)
            loss = 0.0
            for edge in (edge for edge in method.edges if edge.target == name):
                if edge.source == "D":
                    term = cross_entropy(judge(images, training=True), k)
                elif edge.transfer == "image":
                    term = method.alpha * distance(images, given[edge.source][0])
                else:
                    term = sum(distance(tf.reduce_mean(one**2, -1), tf.reduce_mean(other**2, -1))
                               for one, other in zip(maps, given[edge.source][1:], strict=True)) * method.alpha / 2
                loss += edge.weight * term
        variables = networks[name].trainable_variables
        moved[name] = tiny.descended(tape, loss, variables, RATE)
    for name, values in moved.items():
        tiny.assign(networks[name].trainable_variables, values)
    for layer in judge.layers:  # a step ends with one more
        if hasattr(layer, "power_iteration"):
            layer.power_iteration()


def cross_entropy(logits, target):
    """Keras's own, of a batch that is all of one class."""
    targets = tf.fill((logits.shape[0],), target)
    return tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(targets, logits, from_logits=True))


def distance(one, other):
    """Mean squared difference of what lies in each row, over its length."""
    rows = [tf.reshape(part, (part.shape[0], -1)) for part in (one, other)]
    rows = [row / tf.sqrt(tf.reduce_sum(row**2, axis=1, keepdims=True)) for row in rows]
    return tf.reduce_mean((rows[0] - rows[1]) ** 2)
