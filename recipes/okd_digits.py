"""Three small self-attention GANs of handwritten digits that train each other through connectors.

Source: Guo et al., "Online Adversarial Knowledge Distillation for Image Synthesis of Bridge Defect" (2021),
    section 3; its claim of table 1: best and mean of the N generators beat the single GAN.
Deviations: scikit-learn's digits at 32x32 in place of CODEBRIM at 64x64; width 8 in place of 64; larger learning
    rates and averaged weights, since the training is short. The main control is the same three GANs with rho = 0,
    from the same weights and latents. Measures stand on a classifier of the digits, averaged over late checkpoints.
Run: python cli.py fit recipes/okd_digits.py [--seeds 0,1,2,3,4]
Expected: seeds 0 to 4, means over late checkpoints, mean and sample standard deviation over seeds; two cores of an AMD
    EPYC (AVX2), no GPU:

        measure         peers, best / mean            independent, best / mean      single
        is_digits_cnn   6.41 +- 0.06 / 6.31 +- 0.05   6.39 +- 0.08 / 6.26 +- 0.05   6.25 +- 0.14
        fd_digits_cnn   22.9 +- 1.9 / 25.4 +- 1.7     22.5 +- 2.0 / 26.0 +- 1.1     27.7 +- 3.6

    Paired differences of peers to independent GANs: is best 0.02 +- 0.05, mean 0.04 +- 0.06; fd best 0.4 +- 2.2, mean
    -0.7 +- 1.2. All four are ties: the connectors' gain does not show. That the best of three beats the single GAN
    (fd -4.8 +- 3.6) holds for independent GANs as well, and is what choosing the best of three brings. Mean against
    single: fd -2.3 +- 4.6, a tie.
    Tried on seeds 0 to 2, the same differences:

        rho = 1         is best -0.02 +- 0.09, mean 0.01 +- 0.06; fd best 1.3 +- 2.6, mean -0.3 +- 0.8
        full graph      is best -0.03 +- 0.13, mean 0.06 +- 0.05; fd best 2.0 +- 3.1, mean -0.3 +- 1.3
        400 steps       is best 0.01 +- 0.10, mean 0.03 +- 0.05; fd best -0.3 +- 3.3, mean -1.7 +- 1.6

    Two of these twelve exceed their spread, both for the peers and mean against mean; none best against best.
Time: 5 minutes on two CPU cores, a seed
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
    held_out=0.0,  # share of the images on which alone the best weights are chosen; 0: no choice
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
        num_samples=num_samples, held_out=held_out, quantize=quantize, facts={"topology": topology, "rho": rho},
    )
