"""Which measures see known damage to real images, and do they grow with it?

Source: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium" (2017),
    figure 3: FID against Gaussian noise, blur and other disturbances of real images.
Deviations: our kinds of damage (JPEG and missing classes beside blur and noise), five strengths each, every measure of
    kgan; on a classifier of the data itself unless `features` names another network, so that the numbers are not to be
    compared with FID or KID. One half of the real images is measured against the other. JPEG at 32x32 begins at a low
    quality: milder, the classifier hardly sees it, and images that were JPEGs before (of quality 75, say) change out of
    order where the two grids of steps meet: the variance of the Laplacian nearly doubles at quality 50.
Run: python cli.py fit recipes/measure_damage.py [--seeds 0,1,2]
    python cli.py fit recipes/measure_damage.py --set data=cifar10 --data-dir DIR
    CIFAR-10 comes through tensorflow-datasets. `features` may be inception, or a SavedModel, `.keras` or TFLite file.
Expected: CIFAR-10, seeds 0, 1 and 2, 25,000 images a half, a classifier of 600 steps that names 55 % of held-out images
    rightly; an AMD EPYC (x86-64 with AVX2), one core. Frechet distance (fd_cifar10_cnn), mean and sample standard
    deviation over the seeds; real against real is 0.0234 +- 0.0023:

        strength          1                2                3                4                5
        blur              3.47 +- 0.25     7.32 +- 0.34     10.98 +- 0.40    19.07 +- 0.46    25.76 +- 0.48
        noise             1.67 +- 0.03     11.96 +- 0.06    28.36 +- 0.08    60.1 +- 0.2      103.4 +- 0.5
        missing classes   0.90 +- 0.41     2.31 +- 1.43     3.85 +- 1.64     11.9 +- 7.5      43.9 +- 21.7
        JPEG              1.09 +- 0.12     1.66 +- 0.12     2.35 +- 0.14     4.65 +- 0.21     8.92 +- 0.17

    In each seed it rises with every strength of every kind, and real against real is at most 3.6 % of the mildest
    damage. The kernel distance rises, the score, recall and coverage fall with every strength as well. Precision and
    density see neither missing classes nor mild JPEG, and mild noise raises density; the variance of the Laplacian
    sees blur and noise (which raises it), not missing classes. On digits (seed 0, 898 a half) the distance rises with
    every strength, too, but real against real (2.6) is more than half of the mildest blur, noise and JPEG.
Time: 1 minute on one CPU core (digits); 7 minutes (CIFAR-10)
"""

from kgan.data import cifar10, digits
from kgan.errors import InputError
from kgan.metrics.extractor import load_extractor
from kgan.recipe import Stage
from kgan.stages import delivery, judge
from kgan.stages.damage import damage

SMOKE = {"image_size": 16, "features_steps": 4, "num_images": 60, "blur": (0.5, 2.0), "noise": (10.0, 80.0),
         "missing_classes": (1, 7), "jpeg": (50, 10)}


def recipe(
    data="digits",
    split="train",
    image_size=32,
    features="classifier",
    features_steps=600,
    num_images=25_000,
    blur=(0.6, 0.8, 1.0, 1.5, 2.0),
    noise=(10.0, 20.0, 30.0, 50.0, 80.0),
    missing_classes=(2, 3, 5, 7, 9),
    jpeg=(12, 8, 6, 4, 2),
    data_dir=None,
    seed=0,
):
    """`data` is digits or cifar10, `split` an expression of tensorflow-datasets; strengths go from mild to severe."""
    if data not in ("digits", "cifar10"):
        raise InputError(f"data must be digits or cifar10; received {data!r}")

    def images():
        return digits.load(image_size) if data == "digits" else cifar10.load(image_size, split, data_dir)

    strengths = {"blur": blur, "noise": noise, "missing_classes": missing_classes, "jpeg": jpeg}
    own = features == "classifier"
    extractor = None if own else lambda: load_extractor(features)
    measured = damage(images, strengths, num_images=num_images, extractor=extractor)
    settings = {"features": features, "num_images": num_images, **strengths}
    before = [Stage("features", judge.features(images, steps=features_steps), settings={"steps": features_steps})]
    return [*(before if own else ()), Stage("damage", measured, ("features",) if own else (), settings),
            Stage("report", delivery.report(), ("damage",))]
