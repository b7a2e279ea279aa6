"""Three self-attention GANs of bridge defects (CODEBRIM, 64x64) that train each other: OKD-SAGAN.

Source: Guo et al., "Online Adversarial Knowledge Distillation for Image Synthesis of Bridge Defect" (2021), section
    4, table 1 (SAGAN rows), figure 3: N = 3, Adam 1e-4 / 4e-4 / 5e-5 with betas 0 and 0.9, batches of 25.
Deviations: "total epoch 50000" is read as steps; rho is not printed and is 0.1 here; averaged weights. IS and the
    Frechet distance stand on a small classifier of the five defects, not on Inception: they are not to be compared
    with the paper's. The main control is the same three GANs with rho = 0.
Run: python cli.py fit recipes/okd_sagan_codebrim.py --data-dir DIR
    DIR/original_dataset holds the unpacked archive; its licence is non-commercial. `--set stand_in=true` trains on
    drawn concrete instead, as `--smoke` does.
Expected: not known. The full recipe asks for days on a GPU and has not been run; its smoke form has.
Time: days on a GPU (not run); its --smoke form 2 minutes on two CPU cores
"""

import keras

from kgan.data import codebrim, drawn_concrete
from kgan.networks.sagan import sagan_discriminator, sagan_generator
from kgan.stages.okd import okd_maker, okd_stages

SMOKE = {"stand_in": True, "num_crops": 200, "image_size": 32, "num_peers": 2, "width": 2, "batch_size": 8,
         "features_steps": 4, "steps": 2, "num_samples": 40, "quantize": ()}


def recipe(
    stand_in=False,
    num_crops=2642,
    image_size=64,
    latent_dim=128,
    num_peers=3,
    width=64,
    topology="ring",
    rho=0.1,
    batch_size=25,
    steps=50_000,
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
    image_shape = (image_size, image_size, 3)

    def data():
        if stand_in:
            return drawn_concrete.load(image_size, num_crops)
        return codebrim.load(image_size, num_crops, data_dir=data_dir)

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
