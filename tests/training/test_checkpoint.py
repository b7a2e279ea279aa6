"""Checkpoints bring back everything, are whole or absent, and name what does not fit."""

import keras
import numpy as np
import pytest
import tiny

from kgan.errors import InputError
from kgan.methods.side_by_side import SideBySide
from kgan.training.checkpoint import restore_checkpoint, save_checkpoint


def trained(steps, method=None, seed=1):
    """After so many plain steps: what a checkpoint holds does not depend on whether they were compiled."""
    method = method or tiny.gan(seed)
    for batch in tiny.data().batches(4, seed=0).take(steps):
        method.train_step(batch)
    return method


def state(method):
    return {f"{name}/{i}": np.array(v) for name, group in method.state_groups().items() for i, v in enumerate(group)}


def test_everything_comes_back(tmp_path):
    method = trained(3)
    saved = state(method)
    assert {name.rsplit("/", 1)[0] for name in saved} == {
        "step", "network/generator", "network/discriminator", "average/generator", "optimizer/generator",
        "optimizer/discriminator", "loss/generator_loss", "loss/discriminator_loss"}
    save_checkpoint(tmp_path, method)
    other = trained(1, seed=5)
    assert tiny.moved(saved.values(), state(other).values())
    assert restore_checkpoint(tmp_path, other) == 3
    for name, value in state(other).items():
        np.testing.assert_array_equal(value, saved[name], err_msg=name)


def test_seed_generators_inside_networks_come_back(tmp_path):
    method = tiny.gan()
    noisy = keras.Sequential([keras.Input((2,)), keras.layers.Dropout(0.5, seed=3)])
    method.networks["noisy"] = noisy
    noisy(np.ones((1, 2)), training=True)
    before = tiny.values(noisy.variables)
    assert len(before) == 1
    save_checkpoint(tmp_path, method)
    noisy(np.ones((1, 2)), training=True)
    assert tiny.moved(before, tiny.values(noisy.variables))
    restore_checkpoint(tmp_path, method)
    assert not tiny.moved(before, tiny.values(noisy.variables))


def test_members_side_by_side_are_all_in_it(tmp_path):
    method = trained(2, SideBySide({"a": tiny.gan(1), "b": tiny.gan(2)}))
    saved = state(method)
    assert any(name.startswith("b/optimizer/discriminator") for name in saved)
    save_checkpoint(tmp_path, method)
    other = SideBySide({"a": tiny.gan(3), "b": tiny.gan(4)})
    assert restore_checkpoint(tmp_path, other) == 2
    assert not tiny.moved(saved.values(), state(other).values())


def test_older_ones_are_pruned_after_the_new_one_is_there(tmp_path):
    method = tiny.gan()
    for _ in range(4):
        save_checkpoint(tmp_path, trained(1, method))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000003.npz", "step-00000004.npz"]


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(tmp_path, damage):
    method = tiny.gan()
    save_checkpoint(tmp_path, trained(1, method))
    before = state(method)
    path = save_checkpoint(tmp_path, trained(1, method))
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flip":
        content[len(content) // 3] ^= 0xFF
    else:
        content = b""
    path.write_bytes(content)
    lines = []
    assert restore_checkpoint(tmp_path, method, lines.append) == 1
    assert len(lines) == 1 and path.name in lines[0]
    assert not tiny.moved(before.values(), state(method).values())


def test_no_checkpoint_is_step_zero_and_changes_nothing(tmp_path):
    method = tiny.gan()
    before = state(method)
    assert restore_checkpoint(tmp_path / "nowhere", method) == 0
    assert not tiny.moved(before.values(), state(method).values())


def test_other_networks_are_refused_before_anything_is_assigned(tmp_path):
    save_checkpoint(tmp_path, SideBySide({"a": tiny.gan(1)}))
    method = tiny.gan(2)
    before = state(method)
    with pytest.raises(InputError, match="belongs to other networks"):
        restore_checkpoint(tmp_path, method)
    assert not tiny.moved(before.values(), state(method).values())


def test_a_full_disk_leaves_the_checkpoint_before_it(tmp_path, monkeypatch):
    method = tiny.gan()
    path = save_checkpoint(tmp_path, trained(1, method))

    def full(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(tmp_path, trained(1, method))
    assert list(tmp_path.iterdir()) == [path]
