"""Three auxiliary classifier GANs of bridge defects (CODEBRIM, 64x64) that train each other: OKD-ACGAN.

Source: Guo et al., "Online Adversarial Knowledge Distillation for Image Synthesis of Bridge Defect" (2021), section
    4, table 1 (ACGAN rows); Odena et al. (2017). Batches of 5; 3,000 epochs of 2,642 crops are 1,585,200 steps.
Deviations: the networks' widths are not printed; DCGAN's form with d = 64 here, without dropout. rho is not printed
    and is 0.1. Learning rates are those the paper gives for SAGAN. Measures stand on a small classifier of the five
    defects, not on Inception. The main control is the same three GANs with rho = 0.
Run: python cli.py fit recipes/okd_acgan_codebrim.py --data-dir DIR
    DIR/original_dataset holds the unpacked archive; its licence is non-commercial. `--set stand_in=true` trains on
    drawn concrete instead, as `--smoke` does.
Expected: not known. The full recipe asks for days on a GPU and has not been run; its smoke form has.
Time: days on a GPU (not run); its --smoke form a minute on two CPU cores
"""

import keras

from kgan.data import codebrim, drawn_concrete
from kgan.networks.acgan import acgan_discriminator, acgan_generator
from kgan.networks.dcgan import dcgan_discriminator
from kgan.stages.okd import okd_maker, okd_stages

SMOKE = {"stand_in": True, "num_crops": 200, "num_peers": 2, "d": 1, "features_steps": 4, "steps": 2,
         "num_samples": 40, "quantize": ("none",)}


def recipe(
    stand_in=False,
    num_crops=2642,
    image_size=64,
    latent_dim=100,
    num_peers=3,
    d=64,
    topology="ring",
    rho=0.1,
    batch_size=5,
    steps=1_585_200,
    generator_learning_rate=1e-4,
    discriminator_learning_rate=4e-4,
    connector_learning_rate=5e-5,
    ema_decay=0.999,
    features_steps=3000,
    num_samples=10_000,
    held_out=0.0,  # share of the images on which alone the best weights are chosen; 0: no choice
    quantize=("none", "float16", "dynamic", "int8"),
    data_dir=None,
    seed=0,
):
    """`stand_in` puts drawn concrete in CODEBRIM's place; `topology` is ring or full."""
    image_shape, classes = (image_size, image_size, 3), len(codebrim.CLASS_NAMES)

    def data():
        if stand_in:
            return drawn_concrete.load(image_size, num_crops)
        return codebrim.load(image_size, num_crops, data_dir=data_dir)

    rates = generator_learning_rate, discriminator_learning_rate, connector_learning_rate
    okd = okd_maker(
        lambda d: acgan_generator(d, classes, image_shape, latent_dim),
        lambda d: acgan_discriminator(d, classes, image_shape),
        lambda d: dcgan_discriminator(d, image_shape),
        optimizers=[lambda rate=rate: keras.optimizers.Adam(rate, 0.0, 0.9) for rate in rates],
        objective="non_saturating", topology=topology, rho=rho, ema_decay=ema_decay)

    return okd_stages(
        data, okd, (d,) * num_peers, steps=steps, batch_size=batch_size, features_steps=features_steps,
        num_samples=num_samples, held_out=held_out, quantize=quantize, conditional=True,
        facts={"topology": topology, "rho": rho},
    )
