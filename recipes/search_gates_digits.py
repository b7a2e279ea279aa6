"""A search for the gates of a knowledge transfer graph of three small GANs of digits.

Source: Tsukahara et al., "Collaborative Learning of Generative Adversarial Networks" (2021), sections 4.3 and 4.4:
    the gates of all edges are searched for the highest Inception Score among the generators.
Deviations: scikit-learn's digits at 16x16, d = 4, short trials; see collaborative_digits. `fit` trains the graph with
    the gates that are set, beside the same graph with all gates through and MAD-GAN.
Run: python cli.py tune recipes/search_gates_digits.py --trials 100
    then the `fit` line that it prints, with --seeds 1,2,3,4,5
Expected: not known yet.
Time: some 35 minutes for 100 trials on two CPU cores (from twelve trials, 20 s each)
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
         "quantize": ("none",)}

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
