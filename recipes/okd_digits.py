"""Three small self-attention GANs of handwritten digits that train each other through connectors.

Source: Guo et al., "Online Adversarial Knowledge Distillation for Image Synthesis of Bridge Defect" (2021),
    section 3; its claim of table 1: best and mean of the N generators beat the single GAN.
Deviations: scikit-learn's digits at 32x32 in place of CODEBRIM at 64x64; width 8 in place of 64; larger learning
    rates and averaged weights, since the training is short. The main control is the same three GANs with rho = 0,
    from the same weights and latents. Measures stand on a classifier of the digits, averaged over late checkpoints.
Run: python cli.py fit recipes/okd_digits.py [--seeds 0,1,2,3,4]
Expected: seeds 0 and 1 alone so far, too few to say anything; two cores of an AMD EPYC (AVX2), no GPU. A line a
    measure, seed 0 / seed 1, means over late checkpoints:

        fd_digits_cnn   best of peers 25.9 / 21.2, of independent ones 22.3 / 20.2; mean 27.7 / 25.7 against
                        27.7 / 25.8; single GAN 29.6 / 25.2
        is_digits_cnn   best 6.32 / 6.45 against 6.31 / 6.49; mean 6.27 / 6.27 against 6.20 / 6.25; single 6.18 / 6.42

    The paper's claim does not show in these two: peers and independent GANs are level.
Time: 7 minutes on two CPU cores, a seed (with other work on the machine)
"""

import keras

from kgan.data import digits
from kgan.networks.sagan import sagan_discriminator, sagan_generator
from kgan.stages.okd import okd_maker, okd_stages

OP_THREADS = 1  # many small networks side by side: an operation a core beats all cores on one operation

SMOKE = {"num_peers": 2, "width": 2, "batch_size": 8, "features_steps": 4, "steps": 2, "num_samples": 40}


def recipe(
    image_size=32,
    latent_dim=128,
    num_peers=3,
    width=8,
    topology="ring",
    rho=0.1,
    batch_size=25,
    steps=800,
    generator_learning_rate=1e-3,
    discriminator_learning_rate=1e-3,
    connector_learning_rate=5e-4,
    ema_decay=0.99,
    features_steps=300,
    num_samples=1797,
    quantize=("none", "int8"),
    seed=0,
):
    """`topology` is ring or full; `rho` weighs the connectors in a generator's loss."""
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
        data, okd, (width,) * num_peers, steps=steps, batch_size=batch_size, features_steps=features_steps,
        num_samples=num_samples, quantize=quantize, facts={"topology": topology, "rho": rho},
    )
