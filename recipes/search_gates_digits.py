"""A search for the gates of a knowledge transfer graph of three small GANs of digits.

Source: Tsukahara et al., "Collaborative Learning of Generative Adversarial Networks" (2021), sections 4.3 and 4.4:
    the gates of all edges are searched for the highest Inception Score among the generators.
Deviations: scikit-learn's digits at 16x16, d = 4, short trials; see collaborative_digits. `fit` trains the graph with
    the gates that are set, beside the same graph with all gates through and MAD-GAN.
Run: python cli.py tune recipes/search_gates_digits.py --trials 100
    then the `fit` line that it prints, with --seeds 1,2,3,4,5
Expected: of 100 trials (seed 0, the best generator's IS after 140 steps) the best reached 5.94, their median
    4.19. Its gates, in the order of `collaborative_digits`, are
    `through,positive_linear,through,through,cutoff,cutoff,cutoff,through,negative_linear`: all generators learn from
    D (2 more and more), 1 from 2 as well, 3 from 1 and less and less from 2, and 2 from no other.
    `fit` with these gates, seeds 1 to 5, paired by seed; EMA weights, means over late checkpoints, mean and sample
    standard deviation over seeds; two cores of an AMD EPYC (AVX2), no GPU, other work on the machine:

                                  IS (more is better)    Frechet distance (less is better)
        best: searched graph        5.73 +- 0.26           30.3 +- 1.3
              all gates through     5.44 +- 0.24           35.1 +- 6.9
              MAD-GAN               5.92 +- 0.26           25.6 +- 5.5
        mean: searched graph        5.56 +- 0.17           35.0 +- 3.0
              all gates through     5.25 +- 0.19           42.3 +- 6.7
              MAD-GAN               5.63 +- 0.17           32.7 +- 3.2

    The searched graph beats the one with all gates through: IS by 0.29 +- 0.26 (best) and 0.31 +- 0.27 (mean), distance
    by 7.4 +- 7.0 (mean), each in 4 of 5 seeds; the best one's distance is a tie (4.8 +- 6.9). It does not beat
    MAD-GAN, which is ahead by an IS of 0.18 +- 0.09 (best, all five seeds) and a mean distance of 2.2 +- 0.7, the
    other two being ties: at this size and length the search finds how to harm least by transfer.
Time: 23 minutes for 100 trials on two CPU cores that other work shared (where it did not, 11.8 s a trial; 8.1 s with
    trial_steps=80 and num_samples=500); `fit` 3 minutes a seed
"""

import keras

from kgan.data import digits
from kgan.methods.gates import GATES
from kgan.methods.graph import all_through, mad_gan, with_gates
from kgan.networks.dcgan import dcgan_discriminator, dcgan_generator
from kgan.stages.collaborative import GraphMaker, collaborative_stages
from kgan.stages.gate_trials import GateTrials

OP_THREADS = 1  # many small networks side by side: an operation a core beats all cores on one operation

SMOKE = {"sizes": (1, 1, 1), "batch_size": 8, "features_steps": 4, "steps": 2, "trial_steps": 2, "num_samples": 40,
         "quantize": ()}

NAMES = ("1", "2", "3")
EDGES = [(edge.source, edge.target) for edge in all_through(NAMES, "image")]


def search_space(hp):
    """A gate for each edge, those from the discriminator among them."""
    return {"gates": tuple(hp.Choice(f"gate_{source}_{target}", list(GATES)) for source, target in EDGES)}


def recipe(
    image_size=16,
    latent_dim=100,
    sizes=(4, 4, 4),
    transfer="output_side",
    gates=("through",) * 9,
    alpha=1000.0,
    batch_size=32,
    steps=600,
    trial_steps=140,
    generator_learning_rate=2e-3,
    discriminator_learning_rate=2e-3,
    ema_decay=0.98,
    features_steps=300,
    num_samples=1000,
    quantize=("none", "int8"),
    seed=0,
):
    """`sizes` holds the three generators' d; `trial_steps` is a trial's length, `steps` that of `fit`."""
    graphs = {"graph": with_gates(all_through(NAMES, transfer), gates), "mad_gan": mad_gan(NAMES, transfer)}
    if set(gates) != {"through"}:
        graphs["all_through"] = all_through(NAMES, transfer)
    made = _maker(image_size, latent_dim, sizes, alpha, steps, generator_learning_rate, discriminator_learning_rate,
                  ema_decay)
    return collaborative_stages(
        lambda: digits.load(image_size), made, sizes, graphs, steps=steps, batch_size=batch_size,
        features_steps=features_steps, num_samples=num_samples, quantize=quantize, singles=(),
        facts={"transfer": transfer},
    )


def trial_runner(image_size, latent_dim, sizes, transfer, alpha, batch_size, trial_steps, generator_learning_rate,
                 discriminator_learning_rate, ema_decay, features_steps, num_samples, **_):
    """What runs the trials of a search in one process."""
    made = _maker(image_size, latent_dim, sizes, alpha, trial_steps, generator_learning_rate,
                  discriminator_learning_rate, ema_decay)
    return GateTrials(lambda: digits.load(image_size), made, sizes, all_through(NAMES, transfer), steps=trial_steps,
                      batch_size=batch_size, features_steps=features_steps, num_samples=num_samples)


def _maker(image_size, latent_dim, sizes, alpha, steps, generator_rate, discriminator_rate, ema_decay):
    image_shape, rates = (image_size, image_size, 1), (generator_rate, discriminator_rate)
    return GraphMaker(
        lambda d: dcgan_generator(d, image_shape, latent_dim),
        lambda num_logits, spectral_norm: dcgan_discriminator(
            max(sizes), image_shape, batch_norm=not spectral_norm, spectral_norm=spectral_norm, num_logits=num_logits),
        optimizers=[lambda rate=rate: keras.optimizers.Adam(rate, 0.0) for rate in rates],
        steps=steps, alpha=alpha, ema_decay=ema_decay)
