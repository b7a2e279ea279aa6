"""Three small GANs of digits around one discriminator that learn from each other's inner maps.

Source: Tsukahara et al., "Collaborative Learning of Generative Adversarial Networks" (2021), section 3; its claim
    of tables 1 and 3: transfer raises the best generator's Inception Score over MAD-GAN and over one DCGAN with
    spectral norm.
Deviations: scikit-learn's digits at 16x16 in place of CIFAR-10 at 64x64; d = 8 in place of 64; larger learning rates
    and averaged weights, since the training is short. The controls have the same number of updates a generator:
    MAD-GAN (the same graph, edges between generators cut off) from the same weights and latents, one DCGAN with and
    one without spectral norm. Measures stand on a classifier of the digits, averaged over late checkpoints.
Run: python cli.py fit recipes/collaborative_digits.py [--seeds 0,1,2,3,4]
    `--set gates=...` takes a gate for each edge: D to 1, 2, 3, then 2 and 3 to 1, 1 and 3 to 2, 1 and 2 to 3. Unless
    all are through, the graph with all gates through is one more control.
Expected: seeds 0 to 4, paired; EMA weights, means over late checkpoints, mean and sample standard deviation over
    seeds; two cores of an AMD EPYC (AVX2), no GPU:

                                       IS (more is better)    Frechet distance (less is better)
        best: three with transfer        5.97 +- 0.07           24.6 +- 2.4
              MAD-GAN, k = 3             5.49 +- 0.40           41.1 +- 14.8
        mean: three with transfer        5.62 +- 0.19           33.6 +- 4.1
              MAD-GAN, k = 3             4.99 +- 0.25           60.1 +- 8.0
        one DCGAN with spectral norm     6.20 +- 0.30           21.5 +- 5.0
        one DCGAN with batch norm        5.41 +- 0.63           47.0 +- 18.2

    Transfer beats MAD-GAN on all four in all five seeds: IS by 0.48 +- 0.40 (best) and 0.63 +- 0.40 (mean),
    distance by 16.4 +- 13.9 and 26.4 +- 10.8. It does not beat one DCGAN with spectral norm: the best of three
    is level with it (IS -0.22 +- 0.28, distance +3.2 +- 5.7), their mean loses. Of the paper's claim the half about
    MAD-GAN shows, the half about the single GAN does not. With d = 4 and 600 steps transfer, all gates through, does
    not beat MAD-GAN either (search_gates_digits).
Time: 7 minutes on two CPU cores, a seed; 11 with other work on the machine
"""

import keras

from kgan.data import digits
from kgan.methods.graph import all_through, mad_gan, with_gates
from kgan.networks.dcgan import dcgan_discriminator, dcgan_generator
from kgan.stages.collaborative import GraphMaker, collaborative_stages

OP_THREADS = 1  # many small networks side by side: an operation a core beats all cores on one operation

SMOKE = {"sizes": (1, 1), "gates": ("through",) * 4, "batch_size": 8, "features_steps": 4,
         "steps": 2, "num_samples": 40, "quantize": ("none",)}


def recipe(
    image_size=16,
    latent_dim=100,
    sizes=(8, 8, 8),
    transfer="output_side",
    gates=("through",) * 9,
    alpha=1000.0,
    batch_size=64,
    steps=800,
    generator_learning_rate=1e-3,
    discriminator_learning_rate=1e-3,
    ema_decay=0.99,
    features_steps=300,
    num_samples=1797,
    held_out=0.0,  # share of the images on which alone the best weights are chosen; 0: no choice
    quantize=("none", "int8"),
    seed=0,
):
    """`sizes` holds each generator's d; `transfer` is output_side, input_side or image; `gates` one an edge."""
    image_shape = (image_size, image_size, 1)
    names = [str(number) for number in range(1, len(sizes) + 1)]
    graphs = {"graph": with_gates(all_through(names, transfer), gates), "mad_gan": mad_gan(names, transfer)}
    if set(gates) != {"through"}:
        graphs["all_through"] = all_through(names, transfer)

    def data():
        return digits.load(image_size)

    rates = generator_learning_rate, discriminator_learning_rate
    collaborative = GraphMaker(
        lambda d: dcgan_generator(d, image_shape, latent_dim),
        lambda num_logits, spectral_norm: dcgan_discriminator(
            max(sizes), image_shape, batch_norm=not spectral_norm, spectral_norm=spectral_norm, num_logits=num_logits),
        optimizers=[lambda rate=rate: keras.optimizers.Adam(rate, 0.0) for rate in rates],
        steps=steps, alpha=alpha, ema_decay=ema_decay)

    return collaborative_stages(
        data, collaborative, sizes, graphs, steps=steps, batch_size=batch_size, features_steps=features_steps,
        num_samples=num_samples, held_out=held_out, quantize=quantize, facts={"transfer": transfer},
    )
