"""A light classifier or regressor of anybody's images, taught by a heavy one through samples of a conditional GAN.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
    Regression" (2021), sections 3 and 5.
Deviations: sizes and lengths are for one GPU and some thousand to some ten thousand images, not the paper's: narrower
    GANs, shorter trainings, fewer samples. Images stay in [-1, 1]; the teacher judges samples without augmentation.
Run: python cli.py fit recipes/cgan_kd_folder.py --set images=DIR
    DIR holds a folder of jpg or png files for each class. `--set labels=FILE.csv`, with lines `file,value` and files
    named relative to DIR, makes it regression. `--set teacher_file=FILE.keras` takes a finished teacher: images in
    [-1, 1] to logits of the classes in the order of their names, or to one value in [0, 1] from `low` to `high`.
    Where there are fewer than a batch of images, take smaller batches (`batch_size`, `cgan_batch_size`). `--smoke`
    takes scikit-learn's digits unless images are given.
Expected: not known. The full recipe asks for a GPU and has not been run; its smoke form has, in both forms.
Time: hours on a GPU (not run); its --smoke form 2 minutes on two CPU cores
"""

import keras

from kgan.data import class_folders, digits, valued_images
from kgan.data.folders import check_channels
from kgan.errors import InputError
from kgan.networks.biggan import IMAGE_SIZES, biggan_discriminator, biggan_generator
from kgan.networks.ccgan import ccgan_discriminator, ccgan_generator
from kgan.networks.cgan_features import classification_features, sparse_autoencoder
from kgan.networks.classifiers import classifier, regressor
from kgan.networks.density_ratio import density_ratio_network
from kgan.networks.label_embedding import label_encoder, label_to_embedding
from kgan.recipe import Stage
from kgan.stages import subsampling
from kgan.stages.cgan import class_cgan, embedding, encoder, value_cgan
from kgan.stages.cgan_kd import Sampling, cgan_kd_stages
from kgan.stages.predictors import Plan

SMOKE = {"stand_in": True, "image_size": 16, "teacher": "resnet8", "student": "resnet8", "teacher_steps": 2,
         "plain_steps": 2, "student_steps": 2, "batch_size": 4, "encoder_depth": 8, "encoder_steps": 2,
         "embedding_steps": 2, "cgan_width": 8, "cgan_steps": 2, "cgan_batch_size": 4, "critic_steps": 1,
         "features_depth": 8, "features_width": 8, "features_steps": 2, "ratio_hidden": (64, 32), "ratio_steps": 30,
         "ratio_learning_rate": 1e-2, "penalty": 10.0, "num_labels": 10, "per_label": 6, "fakes_per_label": 2,
         "burn_in": 40, "sampling_batch_size": 16, "floor": 1e-9, "rho": 1.0, "filter_burn_in": 2, "arms": ("m1_m2",),
         "quantize": ("none",)}


def recipe(
    images=None,
    labels=None,
    stand_in=False,
    classes=(),
    low: float | None = None,
    high: float | None = None,
    unit="",
    test_size=0.2,
    image_size: int | None = None,
    channels=3,
    mirror=True,
    teacher="resnet34",
    teacher_file=None,
    teacher_steps=20_000,
    student="resnet20",
    plain_steps=20_000,
    student_steps=40_000,
    batch_size=64,
    learning_rate: float | None = None,
    encoder_depth=34,
    encoder_steps=8000,
    embedding_steps=7000,
    cgan_width: int | None = None,
    cgan_steps=20_000,
    cgan_batch_size=64,
    cgan_learning_rate: float | None = None,
    critic_steps=2,
    vicinity="soft",
    multiple=5.0,
    policy="color,translation,cutout",
    ema_decay=0.999,
    features_depth=18,
    features_width=64,
    features_steps=15_000,
    ratio_hidden=(1024, 512, 256, 128, 64),
    ratio_steps=8000,
    ratio_learning_rate=1e-4,
    penalty=0.01,
    num_labels=100,
    per_label: int | None = None,
    fakes_per_label: int | None = None,
    burn_in=500,
    sampling_batch_size=500,
    floor=1e-3,
    rho: float | None = None,
    mode="code",
    filter_burn_in=200,
    arms=("nokd_longer", "m1_m2"),
    from_scratch=False,
    quantize=("none", "float16", "dynamic", "int8"),
    seed=0,
):
    """`images` is a folder of class folders; with `labels`, a CSV file of `file,value`, of files with a number each.

    Images become squares of image_size 16, 32 or 64, whatever the files' own sizes: the central square, resized. What
    is none follows the task: image_size 32 for classes and 64 for numbers, learning_rate 0.05 and 0.01, cgan_width
    128 and 32, cgan_learning_rate 2e-4 and 1e-4, per_label 1200 and 500, fakes_per_label 600 and 250, rho 0.9 and 0.7.

    `test_size` is a share of the images or a number of them; `classes` names the class folders to take, all if empty;
    low and high are the least and the greatest number in the file where they are none; `mirror` is false where a
    mirrored image means something else: then `policy`, for the GAN's discriminator, is the only augmentation. Of
    `per_label` samples of each class, or of each of `num_labels` numbers evenly spaced from low to high, M2 leaves
    some; `fakes_per_label` a label join the real images.
    """
    values = labels is not None

    def either(value, for_classes, for_values):
        return value if value is not None else for_values if values else for_classes

    image_size, rho = either(image_size, 32, 64), either(rho, 0.9, 0.7)
    learning_rate, cgan_learning_rate = either(learning_rate, 0.05, 0.01), either(cgan_learning_rate, 2e-4, 1e-4)
    cgan_width, flip = either(cgan_width, 128, 32), "flip" if mirror else None
    per_label, fakes_per_label = either(per_label, 1200, 500), either(fakes_per_label, 600, 250)
    test_size = int(test_size) if float(test_size).is_integer() else test_size
    if images is None and (values or not stand_in):
        raise InputError("the setting images names the folder of your images, with a folder for each class or with "
                         "labels=FILE.csv: give --set images=DIR")
    if image_size not in IMAGE_SIZES:
        raise InputError(f"image_size must be one of {', '.join(map(str, IMAGE_SIZES))}; received {image_size}")
    shape = (image_size, image_size, check_channels(channels))

    def load(split):
        if values:
            return valued_images.load(labels, image_size, split, low, high, unit, test_size, channels=channels,
                                      folder=images)
        if images is not None:
            return class_folders.load(images, image_size, split, test_size, channels=channels, classes=classes)
        return digits.load_few(split, image_size, channels)

    def train():
        found = load("train")
        if not values:
            found.batches_per_epoch(cgan_batch_size)
        return found

    def network(name):
        return regressor(name, shape) if values else classifier(name, num, shape)

    def plan(steps, rate=learning_rate, decay_at=(0.625, 0.75, 0.875), l2=5e-4, draw="epochs"):
        augment = either(None, "crop_flip", "flip") if mirror else None
        return Plan(steps, batch_size, rate, decay_at, l2=l2, augment=augment, draw=draw)

    def adam(rate, beta_1):
        return lambda: keras.optimizers.Adam(rate, beta_1, 0.999)

    of_cgan = {"steps": cgan_steps, "batch_size": cgan_batch_size, "critic_steps": critic_steps, "augment": flip,
               "policy": policy or None, "ema_decay": ema_decay}
    of_ratio = {"steps": ratio_steps, "batch_size": batch_size, "penalty": penalty, "augment": flip,
                "optimizer": adam(ratio_learning_rate, 0.5)}
    feature_dim = shape[0] * shape[1] * shape[2]
    if values:
        before = [Stage("encoder", encoder(train, lambda: label_encoder(shape, encoder_depth),
                                           plan(encoder_steps, 0.01, (0.3, 0.6), 1e-4)),
                        settings={"steps": encoder_steps}),
                  Stage("embedding", embedding(train, label_to_embedding,
                                               plan(embedding_steps, 0.01, (0.3, 0.5, 0.7), 1e-4)),
                        ("encoder",), {"steps": embedding_steps})]
        cgan = value_cgan(train, lambda known: ccgan_generator(cgan_width, known, shape),
                          lambda known: ccgan_discriminator(cgan_width, known, shape), vicinity_kind=vicinity,
                          multiple=multiple, optimizers=[adam(cgan_learning_rate, 0.5)] * 2, **of_cgan)
        ratio = subsampling.ratio(
            train, lambda known: density_ratio_network(feature_dim, embedding=known, hidden=ratio_hidden),
            draw="balanced", **of_ratio)
        features = (lambda: sparse_autoencoder(shape, features_width),
                    plan(features_steps, 0.01, (0.25, 0.5, 0.75), 1e-4, "balanced"))
        sampled = {"num_fakes": fakes_per_label * num_labels, "num_labels": num_labels}
    else:
        before, num = [], len(class_folders.names_of(images, classes)) if images is not None else 10
        cgan = class_cgan(train, lambda num: biggan_generator(cgan_width, num, shape),
                          lambda num: biggan_discriminator(cgan_width, num, shape),
                          optimizers=[adam(cgan_learning_rate, 0.0)] * 2, **of_cgan)
        ratio = subsampling.ratio(train, lambda _: density_ratio_network(feature_dim, num, hidden=ratio_hidden),
                                  **of_ratio)
        features = (lambda: classification_features(num, shape, features_depth),
                    plan(features_steps, 0.1, (0.43, 0.71), 1e-4))
        sampled = {"num_fakes": fakes_per_label * num, "filter_burn_in": filter_burn_in}
    return cgan_kd_stages(
        train, lambda: load("test"), cgan=(cgan, cgan_steps), ratio=(ratio, ratio_steps), before_cgan=before,
        features=features, teacher=teacher_file or (lambda: network(teacher), plan(teacher_steps)),
        student=(lambda: network(student), plan(plain_steps),
                 plan(student_steps, learning_rate * either(None, 0.2, 1.0))),
        sampling=Sampling(per_label, burn_in=burn_in, batch_size=sampling_batch_size, rho=rho, mode=mode, floor=floor,
                          **sampled),
        arms=arms, from_scratch=from_scratch, quantize=quantize)
