"""Generators around one discriminator that learn from each other along a graph of gated edges.

Source: Tsukahara et al., "Collaborative Learning of Generative Adversarial Networks" (2021), section 3. MAD-GAN,
one-way distillation, deep mutual learning and the single GAN are graphs (`kgan.methods.graph`).
"""

import math

import tensorflow as tf

from kgan.errors import InputError
from kgan.losses import collaborative as losses
from kgan.losses import transfer
from kgan.methods.gates import gate_ends
from kgan.methods.graph import DISCRIMINATOR, check_graph, regated, with_gates
from kgan.methods.inner import stages_of, with_stages
from kgan.training.method import Method, latent_dim_of, takes_labels
from kgan.training.shared_trace import SharedTrace


class Collaborative(Method):
    """k generators, one discriminator that tells who made an image, and a graph of what flows between them.

    A step is 2k updates of the discriminator, a batch of real images and one of each generator's in turn,
    then one of all generators from the same latents, each by the gated sum of the edges that reach it. The loss
    of an edge whose gate is 0 now is not computed (the stages' attention maps are: edges share them), and a
    generator all of whose edges are 0 now does not move. The discriminator learns whatever the gates are.
    At 64x64 (DCGAN, d = 64, k = 3, batches of 64, two cores, median of nine steps of 4.4 s) it saves 2% of a step
    to cut off the six edges between generators, 6% all that reach one generator, 22% all edges but one from the
    discriminator, and 32% all; at 16x16 and d = 8 it is 1, 11, 19 and 34%.

    A generator that no edge reaches is a fixed teacher: it never moves, makes its images in inference mode
    and has neither average nor loss.

    Args:
        generators: dict, name -> generator: latents [B, latent_dim] -> images; widths may differ.
        discriminator: images -> logits [B, k + 1], class i for generator i, the last for real images.
        edges: list of `kgan.methods.graph.Edge`.
        steps: length of the training, over which linear gates rise or fall: the first step has their first
            value, the last step and any beyond it their last.
        alpha: weight of the losses between generators.
        reduction: over their positions, "mean" or "sum".
        ema_decay: decay of the generators' averages; 0 keeps none.
        seed: determines all latents.

    `fit` takes batches of images [B, k, H, W, C], real images of its own for each real update; [B, H, W, C]
    will do for k = 1. One replica only: updates that may be skipped do not run on several.
    """

    def __init__(self, generators, discriminator, edges, steps, alpha=1000.0, reduction="mean", ema_decay=0.999,
                 seed=0, **kwargs):
        edges = list(edges)
        _validate(generators, discriminator, alpha, reduction)
        check_graph(edges, list(generators))
        stages = stages_of(edges, generators)
        # Each name with the places of the edges that reach it.
        reached = {name: [place for place, edge in enumerate(edges) if edge.target == name] for name in generators}
        incoming = {name: places for name, places in reached.items() if places}
        networks = {f"generator_{name}": network for name, network in generators.items()}
        followed = [f"generator_{name}" for name in incoming]
        reported = [f"{name}_loss" for name in [*followed, "discriminator"]]
        super().__init__({**networks, "discriminator": discriminator}, followed, ema_decay, seed, reported, **kwargs)
        self.names, self.alpha, self.reduction = list(generators), alpha, reduction
        self.edges, self.stages, self.incoming = edges, stages, incoming
        self.latent_dim = latent_dim_of(generators[self.names[0]])
        self.inner = {name: with_stages(network, stages[name]) for name, network in generators.items()}
        # Values, not constants of the graph: one trace serves every choice of gates, weights and length.
        self.gates = {part: self.add_weight(shape=(len(edges),), initializer="zeros", trainable=False, name=part)
                      for part in ("gate_start", "gate_end", "edge_weight")}
        self.length = self.add_weight(shape=(), dtype="int64", initializer="ones", trainable=False, name="length")
        self.set_gates(edges, steps)
        self._sample = SharedTrace(lambda call, weights, latents: call(latents))
        self._make = SharedTrace(lambda call, weights, latents: _with_attention(call(latents)))
        self._judge = SharedTrace(_judge_loss)
        self._pass = SharedTrace(_pass_loss)

    def compile(self, generator_optimizer, discriminator_optimizer, **kwargs):
        """Callables that give an optimiser: one for each generator that learns, one for the discriminator."""
        optimizers = {f"generator_{name}": generator_optimizer() for name in self.incoming}
        self.set_optimizers({**optimizers, "discriminator": discriminator_optimizer()}, **kwargs)

    def set_gates(self, gates, steps=None):
        """Changes gates in place, without a new trace; before or between trainings.

        Args:
            gates: names of gates in the edges' order, or the same edges in any order, with the gates and
                weights wanted. Sources, targets and what is transferred can't change: the step is built on them.
            steps: another length of the training; None keeps it.
        """
        gates = list(gates)
        names = all(isinstance(gate, str) for gate in gates)
        edges = with_gates(self.edges, gates) if names else regated(self.edges, gates, self.names)
        steps = int(self.length) if steps is None else steps
        if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
            raise InputError(f"steps, the length of the training, must be a positive integer; received {steps!r}")
        self.edges = edges
        ends = [gate_ends(edge.gate) for edge in edges]
        self.gates["gate_start"].assign([start for start, _ in ends])
        self.gates["gate_end"].assign([end for _, end in ends])
        self.gates["edge_weight"].assign([edge.weight for edge in edges])
        self.length.assign(steps)

    def call(self, latents, training=False):
        """Each generator's images by its name."""
        networks = self.networks if training else self.network_outputs()
        return {name: networks[f"generator_{name}"](latents, training=training) for name in self.names}

    def train_step(self, data):
        """2k updates of the discriminator, then one of all generators."""
        noise = self.noise()
        report = {"discriminator_loss": self._discriminator_steps(self._real_batches(data), noise)}
        latents = noise.normal((data.shape[0], self.latent_dim))
        return self.finish_step(report | self._generators_step(latents))

    def _discriminator_steps(self, batches, noise):
        """Mean loss of the updates on each real batch and on images of each generator, from latents of its own."""
        discriminator, found = self.networks["discriminator"], []
        for place, (name, real) in enumerate(zip(self.names, batches, strict=True)):
            fake = self._images(name, noise.normal((real.shape[0], self.latent_dim)))
            for images, target in ((real, len(self.names)), (fake, place)):
                loss, gradients = self._judge(discriminator, images, tf.constant(target))
                self.apply({"discriminator": gradients})
                # After each update: over 2k of them the largest singular value moves far.
                self.power_iterations("discriminator")
                found.append(loss)
        return tf.add_n(found) / len(found)

    def _images(self, name, latents):
        network = self.networks[f"generator_{name}"]
        if name not in self.incoming:
            return network(latents, training=False)
        # Statistics move with the weights alone, in the generator's own update: a generator at rest stays whole.
        return self._sample(network, latents, moves=False)

    def _generators_step(self, latents):
        """One update of every generator some edge moves now, all from what they made before any of them moved."""
        factors = self._factors()
        live = {name: tf.reduce_any(tf.gather(factors, list(places)) > 0.0) for name, places in self.incoming.items()}
        made, tapes = {}, {name: tf.GradientTape() for name in self.incoming}
        for name, network in self.inner.items():
            if name in live:
                with tapes[name]:
                    made[name] = self._make(network, latents, moves=live[name])
            else:
                made[name] = _with_attention(network(latents, training=False))
        report, slopes = {}, {}
        for name, places in self.incoming.items():
            loss, slopes[name] = tf.constant(0.0), [tf.zeros_like(part) for part in made[name]]
            for place in places:
                term, *slope = self._edge(self.edges[place], factors[place], made)
                loss += term
                for part, value in zip(self._parts(self.edges[place]), slope, strict=True):
                    slopes[name][part] += value
            report[f"generator_{name}_loss"] = loss
        for name in self.incoming:
            self._generator_step(name, live[name], tapes[name], made[name], slopes[name])
        return report

    def _factors(self):
        """Gate times weight of every edge in the step that is under way, [E]."""
        last = tf.cast(tf.maximum(self.length - 1, 1), tf.float32)
        progress = tf.minimum(tf.cast(self.step_counter, tf.float32) / last, 1.0)
        start, end = self.gates["gate_start"], self.gates["gate_end"]
        return self.gates["edge_weight"] * (start + (end - start) * progress)

    def _edge(self, edge, factor, made):
        """[loss, slopes by what it looks at of its target's], all times `factor`; computed where that is not 0."""
        parts = self._parts(edge)
        looked_at = [made[edge.target][part] for part in parts]

        def through():
            if edge.source == DISCRIMINATOR:
                loss, slope = self._pass(self.networks["discriminator"], *looked_at)
                return [factor * loss, factor * slope]
            sources = [made[edge.source][part] for part in self._parts(edge, edge.source)]
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(looked_at)
                loss = self._transfer_loss(edge, looked_at, sources)
            return [factor * loss, *(factor * slope for slope in tape.gradient(loss, looked_at))]

        return tf.cond(factor > 0.0, through, lambda: [tf.constant(0.0), *map(tf.zeros_like, looked_at)])

    def _transfer_loss(self, edge, targets, sources):
        between = transfer.unit_transfer_loss if edge.stages else transfer.image_transfer_loss
        terms = [between(*pair, self.alpha, self.reduction) for pair in zip(targets, sources, strict=True)]
        return tf.add_n(terms) / len(terms)  # 1 / M of eq. 4

    def _parts(self, edge, name=None):
        """Which of a generator's outputs an edge looks at: 0, the images, or its stages' maps."""
        stages = self.stages[name or edge.target]
        return [1 + stages.index(stage) for stage in edge.stages] or [0]

    def _generator_step(self, name, live, tape, made, slopes):
        def update():
            variables = self.networks[f"generator_{name}"].trainable_variables
            gradients = tape.gradient(made, variables, output_gradients=slopes)
            self.apply({f"generator_{name}": gradients})
            return True

        tf.cond(live, update, lambda: False)

    def _real_batches(self, data):
        groups = [data] if len(data.shape) == 4 else tf.unstack(data, axis=1)
        if len(groups) != len(self.names):
            raise InputError(f"batches hold {len(groups)} groups of real images for {len(self.names)} generators, "
                             "which take one each: [B, k, H, W, C]")
        return groups


def _with_attention(outputs):
    """[images, attention map of each stage]: all that edges look at, the same size for any width."""
    images, *features = outputs if isinstance(outputs, list) else [outputs]  # Keras unpacks a list of one
    return [images, *map(transfer.attention_map, features)]


def _judge_loss(call, weights, images, target):
    """The discriminator's loss on images of one class, and its gradients by the weights."""
    with tf.GradientTape() as tape:
        tape.watch(weights)
        loss = losses.collaborative_discriminator_loss(call(images), target)
    return loss, tape.gradient(loss, weights)


def _pass_loss(call, weights, images):
    """A generator's loss against the discriminator, and its slope by the images."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        loss = losses.collaborative_generator_loss(call(images))
    return loss, tape.gradient(loss, images)


def _validate(generators, discriminator, alpha, reduction):
    transfer.check_transfer_reduction(reduction)
    if not 0.0 <= alpha < math.inf:
        raise InputError(f"alpha must be a finite number of at least 0; received {alpha!r}")
    if tf.distribute.get_strategy().num_replicas_in_sync > 1:
        raise InputError("a knowledge transfer graph trains on one replica: train it without a distribution strategy")
    if not generators:
        raise InputError("a knowledge transfer graph needs at least one generator; received none")
    first, *others = generators
    for name, network in generators.items():
        if takes_labels(network):
            raise InputError(f"generator {name!r} takes labels: those of a knowledge transfer graph take latents alone")
    image_shape, latent_dim = generators[first].output_shape, latent_dim_of(generators[first])
    for name in others:
        if generators[name].output_shape != image_shape:
            raise InputError(f"generator {name!r} makes images of {generators[name].output_shape[1:]}, {first!r} of "
                             f"{image_shape[1:]}: give all the same image shape")
        if latent_dim_of(generators[name]) != latent_dim:
            raise InputError(f"generator {name!r} takes latents of {latent_dim_of(generators[name])} values, {first!r} "
                             f"of {latent_dim}: give all the same latent_dim")
    if discriminator.input_shape != image_shape:
        raise InputError(f"the discriminator takes images of {discriminator.input_shape[1:]}, the generators make "
                         f"{image_shape[1:]}")
    if discriminator.output_shape != (None, len(generators) + 1):
        raise InputError(f"the discriminator must give {len(generators) + 1} logits, one for each generator and one "
                         f"for real images; it gives {discriminator.output_shape}: set its num_logits")
