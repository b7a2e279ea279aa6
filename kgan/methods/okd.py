"""Online distillation: generators that train each other through connectors.

Source: Guo et al., "Online Adversarial Knowledge Distillation for Image Synthesis of Bridge Defect"
(2021), section 3, with the slips of its print mended.
"""

import tensorflow as tf

from kgan.errors import InputError
from kgan.losses import okd as losses
from kgan.methods.objective import clip_weights, has_batch_norm, judge_loss, objective_of, source_of
from kgan.training.method import Method, latent_dim_of, takes_labels
from kgan.training.shared_trace import SharedTrace


def ring(num_peers):
    """Edges (i, i + 1) round a ring of peers, as pairs of their numbers; none for a single peer."""
    if num_peers < 2:
        return []
    return [(peer, (peer + 1) % num_peers) for peer in range(num_peers)]


def full_graph(num_peers):
    """Every ordered pair of different peers."""
    return [(one, other) for one in range(num_peers) for other in range(num_peers) if one != other]


TOPOLOGIES = {"ring": ring, "full": full_graph}


def edges_of(topology, num_peers):
    """The edges of a topology, "ring" or "full"."""
    if topology not in TOPOLOGIES:
        raise InputError(f"topology must be one of {', '.join(TOPOLOGIES)}; received {topology!r}")
    return TOPOLOGIES[topology](num_peers)


class OKD(Method):
    """N generators with a discriminator each, and connectors that tell a generator's images from a neighbour's.

    The connector of the edge (i, j) takes images of generator i as fake and those of generator j, from the
    same latents, as real (eq. 8); generator i tries to pass at its discriminator and, with weight `rho`, at
    its connectors (eq. 7). Without connectors they are N independent GANs in one step.

    Args:
        generators: dict, name -> generator: latents [B, latent_dim], or {"latents", "labels"} where the
            class is given, -> images.
        discriminators: dict, the same names -> images -> logits [B, 1], or {"source", "class"} with an
            auxiliary classifier.
        connectors: dict, edge (i, j) of the generators' places -> network of a discriminator's form.
        objective: a name in `kgan.methods.gan.OBJECTIVES`, or an `Objective`.
        rho: weight of the connectors in a generator's loss.
        ema_decay: decay of the generators' averages; 0 keeps none.
        seed: determines all latents.

    `fit` takes batches of images, or of (images, labels) for conditional generators, whose fakes are of
    the batch's classes.
    """

    def __init__(self, generators, discriminators, connectors=None, objective="wgan_gp", rho=0.1, ema_decay=0.999,
                 seed=0, **kwargs):
        connectors = dict(connectors or {})
        judges = [*discriminators.values(), *connectors.values()]
        self.objective = objective_of(objective, judges)
        self.objective_name = objective if isinstance(objective, str) else "custom"
        self.conditional = _validate(generators, discriminators, connectors, rho)
        self.peers, self.rho = list(generators), rho
        self.edges = {f"connector_{self.peers[i]}_{self.peers[j]}": (self.peers[i], self.peers[j])
                      for i, j in connectors}
        networks = {f"generator_{name}": network for name, network in generators.items()}
        networks |= {f"discriminator_{name}": discriminators[name] for name in generators}
        networks |= dict(zip(self.edges, connectors.values(), strict=True))
        followed = [f"generator_{name}" for name in generators]
        super().__init__(networks, followed, ema_decay, seed, [f"{name}_loss" for name in networks], **kwargs)
        self.latent_dim = latent_dim_of(generators[self.peers[0]])
        self._batch_norm = any(has_batch_norm(network) for network in judges)
        self._make = SharedTrace(lambda call, weights, inputs: call(inputs))
        self._judge = SharedTrace(self._judge_loss)
        self._pass = SharedTrace(self._pass_loss)

    def compile(self, generator_optimizer, discriminator_optimizer, connector_optimizer=None, **kwargs):
        """Callables that give an optimiser, one for each role."""
        roles = {"generator": generator_optimizer, "discriminator": discriminator_optimizer,
                 "connector": connector_optimizer or discriminator_optimizer}
        self.set_optimizers({name: roles[name.split("_")[0]]() for name in self.networks}, **kwargs)

    def call(self, latents, training=False):
        """Each generator's images by its peer's name."""
        networks = self.networks if training else self.network_outputs()
        return {name: networks[f"generator_{name}"](latents, training=training) for name in self.peers}

    def train_step(self, data):
        """One update of all discriminators and connectors, then one of all generators."""
        real, labels = data if self.conditional else (data, None)
        noise = self.noise()
        inputs = noise.normal((real.shape[0], self.latent_dim))
        if self.conditional:
            inputs = {"latents": inputs, "labels": labels}
        with tf.GradientTape() as tape:
            # Made once, from the same latents: discriminators, connectors and generators share these images.
            fakes = {name: self._make(self.networks[f"generator_{name}"], inputs) for name in self.peers}
        report = self._judges_step(real, fakes, labels, noise)
        report |= self._generators_step(tape, fakes, labels)
        return self.finish_step({f"{name}_loss": value for name, value in report.items()})

    def _judges_step(self, real, fakes, labels, noise):
        """One update of every discriminator and connector from images already made."""
        fakes = {name: tf.stop_gradient(images) for name, images in fakes.items()}
        pairs = {f"discriminator_{name}": (real, fakes[name]) for name in self.peers}
        pairs |= {connector: (fakes[j], fakes[i]) for connector, (i, j) in self.edges.items()}
        report, gradients = {}, {}
        for name, pair in pairs.items():
            mix = noise.uniform((real.shape[0], 1, 1, 1))
            classes = None if name in self.edges else labels
            report[name], gradients[name] = self._judge(self.networks[name], *pair, classes, mix)
        self.apply(gradients)
        for name in pairs:
            clip_weights(self.networks[name], self.objective.clip)
        return report

    def _generators_step(self, tape, fakes, labels):
        """One update of every generator against its judges as they are now."""
        variables = {name: self.networks[f"generator_{name}"].trainable_variables for name in self.peers}
        report, slopes = {}, []
        for name, images in fakes.items():
            loss, slope = self._pass(self.networks[f"discriminator_{name}"], images, labels)
            connectors = [self._pass(self.networks[edge], images, None)
                          for edge, (i, _) in self.edges.items() if i == name]
            # The loss is linear in its terms, and its slope in theirs.
            report[f"generator_{name}"] = losses.okd_generator_loss(loss, [term for term, _ in connectors], self.rho)
            slopes.append(losses.okd_generator_loss(slope, [term for _, term in connectors], self.rho))
        gradients = tape.gradient([fakes[name] for name in self.peers], variables, output_gradients=slopes)
        self.apply({f"generator_{name}": values for name, values in gradients.items()})
        return report

    def _judge_loss(self, call, weights, real, fake, labels, mix):
        """A discriminator's or connector's loss, and its gradients by the weights."""
        with tf.GradientTape() as tape:
            tape.watch(weights)
            loss, real_out, fake_out = judge_loss(self.objective, call, real, fake, mix, self._batch_norm)
            if labels is not None:
                loss += losses.class_loss(labels, real_out["class"]) + losses.class_loss(labels, fake_out["class"])
            share = loss * self.share()
        return loss, tape.gradient(share, weights)

    def _pass_loss(self, call, weights, images, labels):
        """A generator's loss against one judge, and its slope by the images."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            out = call(images)
            loss = self.objective.generator_loss(source_of(out))
            if labels is not None:
                loss += losses.class_loss(labels, out["class"])
            share = loss * self.share()
        return loss, tape.gradient(share, images)


def _validate(generators, discriminators, connectors, rho):
    """Whether the generators are conditional; InputError where the peers do not fit each other."""
    if not generators:
        raise InputError("OKD needs at least one peer; received none")
    if set(discriminators) != set(generators):
        raise InputError(f"generators are given for {sorted(generators)}, discriminators for {sorted(discriminators)}")
    if connectors and len(generators) < 2:
        raise InputError("connectors join two generators or more; received one peer: give connectors=None, or more "
                         "peers")
    if not rho >= 0.0:
        raise InputError(f"rho must be at least 0; received {rho!r}")
    for i, j in connectors:
        if i == j or not {i, j} <= set(range(len(generators))):
            raise InputError(f"a connector joins two different peers of 0 to {len(generators) - 1}; received {(i, j)}")
    first, *others = generators
    image_shape, latent_dim = generators[first].output_shape, latent_dim_of(generators[first])
    for name in others:
        if generators[name].output_shape != image_shape:
            raise InputError(f"peer {name!r} makes images of {generators[name].output_shape[1:]}, peer {first!r} of "
                             f"{image_shape[1:]}: give all peers the same image shape")
        if latent_dim_of(generators[name]) != latent_dim:
            raise InputError(f"peer {name!r} takes latents of {latent_dim_of(generators[name])} values, peer "
                             f"{first!r} of {latent_dim}: give all peers the same latent_dim")
    for name, network in [*discriminators.items(), *connectors.items()]:
        if network.input_shape != image_shape:
            raise InputError(f"the discriminator or connector {name!r} takes images of {network.input_shape[1:]}, the "
                             f"generators make {image_shape[1:]}")
    return _conditional(generators, discriminators)


def _conditional(generators, discriminators):
    given = {name: takes_labels(network) for name, network in generators.items()}
    told = {name: isinstance(network.output, dict) for name, network in discriminators.items()}
    if len({*given.values(), *told.values()}) > 1:
        raise InputError("either all generators take labels and all discriminators tell classes, or none does; "
                         f"labels are taken by {[name for name in given if given[name]]}, classes told by "
                         f"{[name for name in told if told[name]]}")
    classes = {name: network.output["class"].shape[-1] for name, network in discriminators.items() if told[name]}
    if len(set(classes.values())) > 1:
        raise InputError(f"the peers' discriminators tell different numbers of classes: {classes}")
    return any(given.values())
