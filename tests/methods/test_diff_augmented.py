"""DiffAugment in front of the discriminators of methods that know nothing of it, and exact resumes with it."""

import keras
import labelled
import numpy as np
import pytest
import tiny

from kgan.methods.gan import GAN
from kgan.methods.okd import OKD, ring
from kgan.networks.diff_augment import augmented
from kgan.training.checkpoint import restore_checkpoint, save_checkpoint


def sgd():
    return keras.optimizers.SGD(0.1)


def gan(objective="non_saturating", policy="color,translation,cutout"):
    keras.utils.set_random_seed(0)
    judge = tiny.discriminator()
    method = GAN(tiny.generator(), augmented(judge, policy, seed=2) if policy else judge, objective, ema_decay=0.0)
    method.compile(sgd(), sgd())
    return method


def steps(method, num, done=0):
    for batch in tiny.data().batches(4, seed=0, start_step=done).take(num):
        method.train_step(batch)
    return tiny.values(method.generator.weights + method.discriminator.weights)


@pytest.mark.parametrize("objective", ["non_saturating", "hinge", "wgan_gp"])
def test_a_gans_step_moves_both_networks_otherwise_than_without(objective):
    method, plain = gan(objective), gan(objective, policy=None)
    before = tiny.values(method.generator.trainable_variables), tiny.values(method.discriminator.trainable_variables)
    ends = steps(method, 1), steps(plain, 1)
    assert tiny.all_moved(before[0], tiny.values(method.generator.trainable_variables))
    assert tiny.all_moved(before[1][:-1], tiny.values(method.discriminator.trainable_variables)[:-1])
    assert all(np.isfinite(value).all() for value in ends[0])
    assert tiny.moved(*ends)


def test_a_compiled_step_of_okd_moves_every_network_and_every_judges_draws():
    keras.utils.set_random_seed(0)
    base = augmented(tiny.discriminator())
    judges = [labelled.reseeded(base, seed) for seed in range(4)]
    method = OKD({name: tiny.generator() for name in "ab"}, dict(zip("ab", judges[:2], strict=True)),
                 dict(zip(ring(2), judges[2:], strict=True)), "wgan_gp", ema_decay=0.0)
    method.compile(sgd, sgd, sgd)
    before = {name: tiny.values(network.variables) for name, network in method.networks.items()}
    logs = method.fit(tiny.data().batches(4, seed=0), steps_per_epoch=1, verbose=0, shuffle=False).history
    assert all(np.isfinite(value[0]) for value in logs.values())
    for name, network in method.networks.items():
        assert tiny.moved(before[name], tiny.values(network.variables)), name
    for seed, judge in enumerate(judges):
        # its own update: real and fake, and the penalty; then the generators' look at it
        np.testing.assert_array_equal(judge.get_layer("diff_augment").seed_generator.state, [seed, 3 * 7])
    assert len(method._judge.traced) == len(method._pass.traced) == 1


def test_a_training_that_was_stopped_ends_as_one_that_was_not(tmp_path):
    whole = steps(gan(), 3)
    first = gan()
    steps(first, 2)
    save_checkpoint(tmp_path, first)
    again = gan()
    steps(again, 1)
    assert restore_checkpoint(tmp_path, again) == 2
    assert not tiny.moved(whole, steps(again, 1, done=2))


def test_a_restart_begins_the_draws_anew_with_another_seed():
    method = gan()
    steps(method, 1)
    keras.utils.set_random_seed(0)
    method.restart({"generator": tiny.generator(), "discriminator": augmented(tiny.discriminator(), seed=9)}, seed=0)
    keras.utils.set_random_seed(0)
    fresh = GAN(tiny.generator(), augmented(tiny.discriminator(), seed=9), ema_decay=0.0)
    fresh.compile(sgd(), sgd())
    assert not tiny.moved(steps(method, 2), steps(fresh, 2))
