"""Collaborative GANs beside plain eager PyTorch: the same losses, and the time of a step.

Skipped without PyTorch (the extra `reference`). `pytest -m slow tests/reference -s` prints the ratio.
"""

import keras
import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tensorflow as tf  # noqa: E402
import torch_collaborative  # noqa: E402
import torch_dcgan  # noqa: E402
from timing import seconds  # noqa: E402

from kgan.losses.transfer import attention_transfer_loss  # noqa: E402
from kgan.methods.collaborative import Collaborative  # noqa: E402
from kgan.methods.graph import all_through  # noqa: E402
from kgan.networks.dcgan import dcgan_discriminator, dcgan_generator  # noqa: E402

SIZE, D, NUM, BATCH, LATENT_DIM = 64, 64, 3, 64, 100


def to_torch(images):
    """[B, H, W, C] -> PyTorch's [B, C, H, W]."""
    return torch.tensor(np.ascontiguousarray(np.transpose(images, (0, 3, 1, 2)), "float32"))


def test_the_transfer_loss_and_its_slope_equal_an_independent_implementation():
    generator = np.random.default_rng(0)
    target, source = generator.normal(size=(3, 8, 8, 5)), generator.normal(size=(3, 8, 8, 2))
    ours = tf.constant(target, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(ours)
        loss = attention_transfer_loss(ours, tf.constant(source, tf.float32))
    theirs = to_torch(target).requires_grad_()
    expected = torch_collaborative.transfer_loss([theirs], [to_torch(source)])
    slope, = torch.autograd.grad(expected, theirs)
    assert expected.item() > 0.1 and slope.abs().max() > 1e-3
    np.testing.assert_allclose(loss, expected.item(), rtol=1e-4)
    np.testing.assert_allclose(tape.gradient(loss, ours), slope.numpy().transpose(0, 2, 3, 1), rtol=1e-3, atol=1e-6)


def test_the_discriminator_equals_an_independent_implementation():
    generator = np.random.default_rng(0)
    ours = dcgan_discriminator(2, (64, 64, 3), spectral_norm=True, num_logits=4)
    theirs = torch_collaborative.discriminator(2, 4, spectral=False)
    convolutions = [layer for layer in ours.layers if layer.weights]
    for layer, module in zip(convolutions, (part for part in theirs if list(part.parameters())), strict=True):
        layer.bias.assign(generator.uniform(-0.3, 0.3, layer.bias.shape))
        kernel = layer.normalised_kernel().numpy().transpose(3, 2, 0, 1)  # [h, w, in, out] -> [out, in, h, w]
        module.load_state_dict({"weight": torch.tensor(kernel), "bias": torch.tensor(layer.bias.numpy())})
    images = generator.uniform(-1, 1, (4, 64, 64, 3)).astype("float32")
    with torch.no_grad():
        expected = theirs(to_torch(images)).numpy()
    assert expected.std() > 0.05
    np.testing.assert_allclose(ours(images, training=True), expected, rtol=1e-4, atol=1e-5)


def test_the_maps_are_those_of_the_generators_output_side():
    ours, theirs = dcgan_generator(2, (64, 64, 3), LATENT_DIM), torch_dcgan.generator(2, 64, 3, LATENT_DIM).eval()
    torch_dcgan.copy_weights(ours, theirs)
    latents = np.random.default_rng(0).normal(size=(2, LATENT_DIM)).astype("float32")
    with torch.no_grad():
        _, maps = torch_collaborative.with_stages(theirs, torch.tensor(latents))
    stages = keras.Model(ours.input, [ours.get_layer(f"stage{stage}").output for stage in (3, 4)])
    for found, expected in zip(stages(latents, training=False), maps, strict=True):
        np.testing.assert_allclose(found, expected.numpy().transpose(0, 2, 3, 1), rtol=1e-4, atol=1e-5)


def our_step(real):
    """A callable that takes one compiled step and waits for it."""
    names = [str(number) for number in range(NUM)]
    method = Collaborative(
        {name: dcgan_generator(D, (SIZE, SIZE, 3), LATENT_DIM) for name in names},
        dcgan_discriminator(D, (SIZE, SIZE, 3), spectral_norm=True, num_logits=NUM + 1),
        all_through(names, "output_side"), steps=1000, ema_decay=0.0)
    method.compile(*[lambda: keras.optimizers.Adam(2e-4, 0.5, 0.999)] * 2)
    options = tf.data.Options()
    options.autotune.enabled = False  # its thread delays the end of `fit`
    data = tf.data.Dataset.from_tensors(real).repeat().with_options(options)
    method.fit(data, steps_per_epoch=1, verbose=0, shuffle=False)
    batches = iter(data)
    return lambda: [float(value) for value in method.train_function(batches).values()]


def their_step(real):
    """A callable that takes one step of plain PyTorch."""
    step = torch_collaborative.Step([torch_dcgan.generator(D, SIZE, 3, LATENT_DIM) for _ in range(NUM)],
                                    torch_collaborative.discriminator(D, NUM + 1), BATCH, LATENT_DIM)
    batches = [to_torch(real[:, place]) for place in range(NUM)]
    return lambda: step(batches)


@pytest.mark.slow
def test_a_step_of_three_generators_is_well_ahead_of_eager_pytorch():
    """d = 64, k = 3, batch 64, 64x64, output side. Quick sibling: test_collaborative.py.

    Two runs on two cores of an AMD EPYC: 0.83 and 0.81 of PyTorch's time (4.6 s against 5.7 s, medians of seven). A
    profile of the step says that convolutions bound it: 94% of the time of all operations (3.2 of 9.0 core seconds
    with one thread an operation in gradients by inputs and transposed convolutions, 3.1 in gradients by filters, 2.1
    forward). The step has 480 GFLOP, so it runs at 105 to 110 GFLOP/s where a plain matrix product reaches 155. Of
    all these kernels one is slow, the filter gradient of 8x8x256 to 4x4x512 maps: 78 ms, 45 ms as a matrix product
    of patches, which loses in all other layers; it would save a step some 5%.
    """
    torch.set_num_threads(2)
    real = np.random.default_rng(0).uniform(-1, 1, (BATCH, NUM, SIZE, SIZE, 3)).astype("float32")
    found = seconds({"pytorch": their_step(real), "ours": our_step(real)})
    for name, (median, least, most) in found.items():
        print(f"{name}: {median:.3f} s a step ({least:.3f} to {most:.3f})")
    ratio = found["ours"][0] / found["pytorch"][0]
    print(f"ratio to PyTorch {ratio:.2f}")
    assert ratio <= 0.9  # a tenth more is for a busy moment
