"""Three small self-attention GANs of few CIFAR-10 images that train each other through connectors.

Source: Guo et al., "Online Adversarial Knowledge Distillation for Image Synthesis of Bridge Defect" (2021), section
    3; as many images as the paper has crops.
Deviations: CIFAR-10 at 32x32 in place of CODEBRIM, width 16 in place of 64, 4,000 steps, averaged weights. Measures
    stand on a small classifier of these images, not on Inception. The main control is the same three GANs with
    rho = 0.
Run: python cli.py fit recipes/okd_cifar10.py --data-dir DIR
    CIFAR-10 comes through tensorflow-datasets; `--smoke` runs on drawn faces, without network.
Expected: not known: the full form has not been run here, its smoke form has.
Time: an hour or more on two CPU cores (not run); its --smoke form 2 minutes
"""

import keras

from kgan.data import cifar10, drawn_faces
from kgan.networks.sagan import sagan_discriminator, sagan_generator
from kgan.stages.okd import okd_maker, okd_stages

SMOKE = {"stand_in": True, "num_images": 200, "num_peers": 2, "width": 2, "batch_size": 8, "features_steps": 4,
         "steps": 2, "num_samples": 40, "quantize": ()}


def recipe(
    stand_in=False,
    split="train",
    num_images=2642,
    image_size=32,
    latent_dim=128,
    num_peers=3,
    width=16,
    topology="ring",
    rho=0.1,
    batch_size=25,
    steps=4000,
    generator_learning_rate=2e-4,
    discriminator_learning_rate=4e-4,
    connector_learning_rate=1e-4,
    ema_decay=0.999,
    features_steps=2000,
    num_samples=2642,
    held_out=0.0,  # share of the images on which alone the best weights are chosen; 0: no choice
    quantize=("none", "int8"),
    data_dir=None,
    seed=0,
):
    """`num_images` of the split are known; `stand_in` puts drawn faces in their place."""
    image_shape = (image_size, image_size, 3)

    def data():
        images = drawn_faces.load(image_size) if stand_in else cifar10.load(image_size, split, data_dir)
        return images.take(num_images)

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
