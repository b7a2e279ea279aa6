"""Stages that train the conditional generator of cGAN-KD: class-conditional, or conditional on a number.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
Regression" (2021), with BigGAN (Brock et al., 2019) and CcGAN (Ding et al., 2021).
"""

import numpy as np
import tensorflow as tf

from kgan.data import vicinity
from kgan.methods.ccgan import CcGAN
from kgan.methods.cgan import ConditionalGAN
from kgan.methods.label_embedding import LabelEmbedding
from kgan.methods.supervised import Supervised
from kgan.networks.diff_augment import augmented
from kgan.stages.tasks import task_of
from kgan.stages.training import (
    begin_stage,
    image_batches,
    load_network,
    save_network,
    train_in_run,
    write_register,
)

NAME, ENCODER, EMBEDDING = "cgan", "label_encoder", "label_embedding"


def class_cgan(data, generator, discriminator, *, steps, batch_size, critic_steps, optimizers, policy=None,
               augment=None, ema_decay=0.9999, ema_start=1000):
    """Stage: trains a class-conditional GAN and keeps its averaged generator as "cgan".

    Args:
        data: callable that gives the labelled `ImageSet`.
        generator, discriminator: callables, number of classes -> network.
        steps, batch_size, critic_steps: of the training; images of its own for each critic step. An optimiser with
            `gradient_accumulation_steps` of k makes one update every k steps.
        optimizers: two callables that give an optimiser: for the generator and for the discriminator.
        policy: of DiffAugment, such as "color,translation,cutout"; None for none.
        augment, ema_decay, ema_start: of `ConditionalGAN`.
    """
    def run(work):
        images = data()
        classes = len(task_of(images).labels())
        seed = begin_stage(work, NAME)
        method = ConditionalGAN(generator(classes), _judge(discriminator(classes), policy, seed), classes,
                                critic_steps=critic_steps, augment=augment, ema_decay=ema_decay, ema_start=ema_start,
                                seed=seed)
        method.compile(*(make() for make in optimizers))
        batches = image_batches(images, batch_size, seed, critic_steps, with_labels=True)
        _train(work, method, batches, steps, {"classes": list(images.class_names)})

    return run


def value_cgan(data, generator, discriminator, *, steps, batch_size, critic_steps, optimizers, vicinity_kind="soft",
               multiple=5.0, policy=None, augment=None, ema_decay=0.0):
    """Stage: trains a CcGAN on a `ValueSet`, with sigma, kappa and nu by the rules of its paper.

    Args:
        data: callable that gives the `ValueSet`.
        generator, discriminator: callables, label embedding (None for naive label input) -> network.
        vicinity_kind: "soft" or "hard".
        multiple: m of kappa = m times the largest gap between neighbouring labels.

    The others are those of `class_cgan`. The embedding is the stage `embedding`'s where there was one.
    """
    def run(work):
        values = data()
        seed = begin_stage(work, NAME)
        kappa = vicinity.hard_kappa(values.targets, multiple)
        nu = kappa**-2
        radius = kappa if vicinity_kind == "hard" else vicinity.soft_radius(nu)
        sigma = vicinity.kernel_sigma(values.targets)
        method = CcGAN(generator(label_embedding(work.run_dir)),
                       _judge(discriminator(label_embedding(work.run_dir)), policy, seed), vicinity_kind, nu=nu,
                       kappa=kappa, critic_steps=critic_steps, augment=augment, ema_decay=ema_decay, seed=seed)
        method.compile(*(make() for make in optimizers))

        def batches(step):
            return vicinity.vicinal_batches(values, batch_size, critic_steps=critic_steps, seed=seed, sigma=sigma,
                                            radius=radius, start_step=step)

        work.console.say(f"cgan: sigma {sigma:.3g}, kappa {kappa:.3g}, nu {nu:.3g} in labels of [0, 1]")
        _train(work, method, batches, steps, {"low": values.low, "high": values.high, "unit": values.unit})

    return run


def encoder(data, network, plan):
    """Stage: improved label input's first network, which predicts an image's label through a vector h.

    Args:
        data: callable that gives the `ValueSet`.
        network: callable that gives images -> {"embedding", "labels"} with the nested layer "h2y"; it is kept as
            "label_encoder".
        plan: `kgan.stages.predictors.Plan` of its training.
    """
    def run(work):
        values = data()
        seed = begin_stage(work, "encoder")
        method = Supervised(network(), "mse", l2=plan.l2, augment=plan.augment, seed=seed)
        method.compile(plan.optimizer())
        batches = task_of(values).batches(plan.batch_size, seed, plan.draw)
        train_in_run(work, method, batches, plan.steps, title="label encoder", shown={})
        save_network(work, ENCODER, method.network)

    return run


def embedding(data, network, plan):
    """Stage: its second network, from a label to h, which generator, discriminator and density ratio stand on.

    Args:
        data: callable that gives the `ValueSet`, whose distinct labels are drawn, one as often as another.
        network: callable that gives labels [B] -> h; it is kept as "label_embedding".
        plan: `kgan.stages.predictors.Plan` of its training.
    """
    def run(work):
        values = data()
        seed = begin_stage(work, "embedding")
        back = load_network(work.run_dir, ENCODER).get_layer("h2y")
        method = LabelEmbedding(network(), back, l2=plan.l2, seed=seed)
        method.compile(plan.optimizer())
        batches = _labels(np.unique(values.targets), plan.batch_size, seed)
        train_in_run(work, method, batches, plan.steps, title="label embedding", shown={})
        save_network(work, EMBEDDING, method.embedding)

    return run


def label_embedding(run_dir):
    """The run's label embedding, or None where it has none."""
    there = (run_dir / "networks" / f"{EMBEDDING}.keras").is_file()
    return load_network(run_dir, EMBEDDING) if there else None


def _labels(distinct, batch_size, seed):
    """Callable, step -> batches of labels drawn with replacement, determined by (seed, step)."""
    def batches(step):
        def drawn(number):
            places = tf.random.stateless_uniform([batch_size], [seed, number], 0, len(distinct), tf.int32)
            return tf.gather(tf.constant(distinct), places)

        options = tf.data.Options()
        options.autotune.enabled = False
        return tf.data.Dataset.counter(step).map(drawn).with_options(options)

    return batches


def _judge(discriminator, policy, seed):
    return augmented(discriminator, policy, seed) if policy else discriminator


def _train(work, method, batches, steps, facts):
    shown = {NAME: method.network_outputs()["generator"]}
    train_in_run(work, method, batches, steps, title=NAME, shown=shown)
    save_network(work, NAME, shown[NAME])
    write_register(work, [{"name": NAME, "role": "generator", "parameters": shown[NAME].count_params(), "steps": steps,
                           "weights": "ema" if method.averages else "raw", **facts}])
