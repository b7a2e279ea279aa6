"""Generators of CIFAR-10 around one discriminator that learn from each other: the paper's settings.

Source: Tsukahara et al., "Collaborative Learning of Generative Adversarial Networks" (2021), section 4 and tables 1
    to 3: 50,000 images at 64x64, batches of 256, 200 epochs (39,000 steps); the defaults are table 1's image
    transfer with k = 2.
Deviations: averaged weights (`--set ema_decay=0` keeps none); measures stand on a small classifier of these images,
    not on Inception. Adam's rates are not printed and are DCGAN's own.
Run: python cli.py fit recipes/collaborative_cifar10.py --data-dir DIR
    Table 3's form is `--set sizes=64,64,64 --set transfer=output_side --set gates=...` with nine gates; table 2's
    trainings are `--set steps=9750`. CIFAR-10 comes through tensorflow-datasets; `--smoke` runs on drawn faces.
Expected: not known. The full recipe asks for days on a GPU and has not been run; its smoke form has.
Time: days on a GPU (not run)
"""

import keras

from kgan.data import cifar10, drawn_faces
from kgan.methods.graph import all_through, mad_gan, with_gates
from kgan.networks.dcgan import dcgan_discriminator, dcgan_generator
from kgan.stages.collaborative import GraphMaker, collaborative_stages

SMOKE = {"stand_in": True, "image_size": 32, "sizes": (1, 1), "batch_size": 8, "features_steps": 4, "steps": 2,
         "num_samples": 40, "quantize": ()}


def recipe(
    stand_in=False,
    split="train",
    image_size=64,
    latent_dim=100,
    sizes=(64, 64),
    transfer="image",
    gates=("through",) * 4,
    alpha=1000.0,
    batch_size=256,
    steps=39_000,
    learning_rate=2e-4,
    ema_decay=0.999,
    features_steps=3000,
    num_samples=10_000,
    held_out=0.0,  # share of the images on which alone the best weights are chosen; 0: no choice
    quantize=("none", "float16", "dynamic", "int8"),
    data_dir=None,
    seed=0,
):
    """`sizes` holds each generator's d; `gates` one an edge, as collaborative_digits has them."""
    image_shape = (image_size, image_size, 3)
    names = [str(number) for number in range(1, len(sizes) + 1)]
    graphs = {"graph": with_gates(all_through(names, transfer), gates), "mad_gan": mad_gan(names, transfer)}

    def data():
        return drawn_faces.load(image_size) if stand_in else cifar10.load(image_size, split, data_dir)

    collaborative = GraphMaker(
        lambda d: dcgan_generator(d, image_shape, latent_dim),
        lambda num_logits, spectral_norm: dcgan_discriminator(
            max(sizes), image_shape, batch_norm=not spectral_norm, spectral_norm=spectral_norm, num_logits=num_logits),
        optimizers=[lambda: keras.optimizers.Adam(learning_rate, 0.5)] * 2, steps=steps, alpha=alpha,
        ema_decay=ema_decay)

    return collaborative_stages(
        data, collaborative, sizes, graphs, steps=steps, batch_size=batch_size, features_steps=features_steps,
        num_samples=num_samples, held_out=held_out, quantize=quantize, facts={"transfer": transfer},
    )
