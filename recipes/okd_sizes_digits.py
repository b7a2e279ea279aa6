"""A large and two small GANs of digits on one ring: compression without a teacher trained beforehand.

Source: Guo et al., "Online Adversarial Knowledge Distillation for Image Synthesis of Bridge Defect" (2021), section
    3, with peers of different sizes, which the paper does not try.
Deviations: scikit-learn's digits at 32x32; widths 8, 4 and 2; see okd_digits. The control of each peer is the GAN
    of its size without connectors, from the same weights and latents.
Run: python cli.py fit recipes/okd_sizes_digits.py [--seeds 0,1,2]
Expected: seeds 0, 1 and 2, means over late checkpoints, mean and sample standard deviation over seeds; two cores of an
    AMD EPYC (AVX2), no GPU:

        width  parameters  is_digits_cnn, peer / alone     fd_digits_cnn, peer / alone
        8      76,793      6.42 +- 0.19 / 6.49 +- 0.14     21.8 +- 2.9 / 21.9 +- 4.3
        4      35,807      6.02 +- 0.03 / 5.89 +- 0.15     34.2 +- 1.5 / 34.5 +- 2.7
        2      17,311      4.65 +- 0.37 / 4.83 +- 0.17     71.6 +- 4.0 / 65.7 +- 2.6

    The large peer does not lift the small ones. The smallest is worse off on the ring in all three seeds (paired fd
    difference 5.9 +- 1.5), and mean against mean the GANs alone win (is -0.04 +- 0.03, fd 1.8 +- 0.4); every other
    paired difference is smaller than its spread.
Time: 5 minutes on two CPU cores, a seed (with other work on the machine)
"""

import keras

from kgan.data import digits
from kgan.networks.sagan import sagan_discriminator, sagan_generator
from kgan.stages.okd import okd_maker, okd_stages

OP_THREADS = 1  # many small networks side by side: an operation a core beats all cores on one operation

SMOKE = {"sizes": (3, 2), "batch_size": 8, "features_steps": 4, "steps": 2, "num_samples": 40, "quantize": ()}


def recipe(
    image_size=32,
    latent_dim=128,
    sizes=(8, 4, 2),
    topology="ring",
    rho=0.1,
    batch_size=25,
    steps=1000,
    generator_learning_rate=1e-3,
    discriminator_learning_rate=1e-3,
    connector_learning_rate=5e-4,
    ema_decay=0.99,
    features_steps=300,
    num_samples=1797,
    held_out=0.0,  # share of the images on which alone the best weights are chosen; 0: no choice
    quantize=("none", "int8"),
    seed=0,
):
    """`sizes` are the widths round the ring; a connector is as wide as the peer that it corrects."""
    image_shape = (image_size, image_size, 1)

    def data():
        return digits.load(image_size)

    rates = generator_learning_rate, discriminator_learning_rate, connector_learning_rate
    okd = okd_maker(
        lambda width: sagan_generator(width, image_shape, latent_dim),
        lambda width: sagan_discriminator(width, image_shape),
        optimizers=[lambda rate=rate: keras.optimizers.Adam(rate, 0.0, 0.9) for rate in rates],
        objective="wgan_gp", topology=topology, rho=rho, ema_decay=ema_decay)

    return okd_stages(
        data, okd, sizes, steps=steps, batch_size=batch_size, features_steps=features_steps, num_samples=num_samples,
        held_out=held_out, quantize=quantize, single=False, facts={"topology": topology, "rho": rho},
    )
