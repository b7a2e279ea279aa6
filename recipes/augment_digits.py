"""What images of an auxiliary classifier GAN on the ring are worth to a classifier that has few real ones.

Source: Guo et al., "Online Adversarial Knowledge Distillation for Image Synthesis of Bridge Defect" (2021),
    section 1: extra samples for data augmentation, with its OKD-ACGAN (section 4).
Deviations: scikit-learn's digits at 32x32, of which the GANs and the classifiers see `num_real`; the other images
    test the classifiers. DCGAN-sized networks of d = 8 and the non-saturating game.
Run: python cli.py fit recipes/augment_digits.py [--seeds 0,1,2]
Expected: seeds 0, 1 and 2, accuracy on the 1,597 other images, mean and sample standard deviation over seeds of means
    of five classifiers; two cores of an AMD EPYC (AVX2), no GPU:

        200 real images                     94.24% +- 0.08%
        the same and 1,000 generated ones   92.12% +- 0.43%
        1,000 generated ones                74.97% +- 4.38%

    Augmentation does not pay here: it costs 2.12 +- 0.34 points in all three seeds. With 200 generated images in
    place of 1,000 (num_generated=200, the same GANs) the difference is -0.62 +- 0.53 points.
    A likely reason, by eye: the images of a class are nearly alike (24 threes of seed 0's first peer, made by
    `sample --class 3`).
Time: 10 minutes on two CPU cores, a seed (with other work on the machine)
"""

import keras

from kgan.data import digits
from kgan.networks.acgan import acgan_discriminator, acgan_generator
from kgan.networks.dcgan import dcgan_discriminator
from kgan.recipe import Stage
from kgan.stages import delivery
from kgan.stages.augment import augment
from kgan.stages.okd import okd_maker, peers

OP_THREADS = 1  # many small networks side by side: an operation a core beats all cores on one operation

SMOKE = {"num_real": 60, "sizes": (1, 1), "batch_size": 8, "steps": 2, "num_generated": 40, "classifier_steps": 4,
         "repeats": 1}


def recipe(
    image_size=32,
    latent_dim=100,
    num_real=200,
    sizes=(8, 8, 8),
    rho=0.1,
    batch_size=20,
    steps=1500,
    generator_learning_rate=1e-3,
    discriminator_learning_rate=2e-4,
    connector_learning_rate=1e-4,
    ema_decay=0.99,
    num_generated=1000,
    classifier_steps=300,
    repeats=5,
    seed=0,
):
    """`num_real` images are known, from which `num_generated` are made; the rest is for testing."""
    image_shape, classes = (image_size, image_size, 1), 10

    def parts():
        images = digits.load(image_size)
        return images.split_off(num_real / len(images), seed=seed)

    def train():
        return parts()[1]

    def test():
        return parts()[0]

    rates = generator_learning_rate, discriminator_learning_rate, connector_learning_rate
    okd = okd_maker(
        lambda d: acgan_generator(d, classes, image_shape, latent_dim),
        lambda d: acgan_discriminator(d, classes, image_shape),
        lambda d: dcgan_discriminator(d, image_shape),
        optimizers=[lambda rate=rate: keras.optimizers.Adam(rate, 0.5) for rate in rates],
        objective="non_saturating", rho=rho, ema_decay=ema_decay)

    trained = peers(train, okd, sizes, steps=steps, batch_size=batch_size, conditional=True)
    tested = augment(train, test, role="peer", num_generated=num_generated, steps=classifier_steps, repeats=repeats)
    settings = {"num_generated": num_generated, "classifier_steps": classifier_steps, "repeats": repeats}
    return [Stage("okd", trained, settings={"steps": steps}), Stage("augment", tested, ("okd",), settings),
            Stage("report", delivery.report(), ("augment",))]
