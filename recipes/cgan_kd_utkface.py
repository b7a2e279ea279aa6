"""cGAN-KD on UTKFace with the paper's networks, sampling and schedules: ResNet20 under a VGG11.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
    Regression" (2021), section 5.2, table 5 (VGG11 and ResNet20); settings its text does not print are those of its
    code. Steps are its epochs times the whole batches in an epoch of about 11,808 training images; the students with
    samples have 240 epochs, as its script for UTKFace says.
Deviations: real images and samples together are drawn in epochs, where the code draws with replacement. What trains
    the label embedding draws the distinct ages with replacement.
Run: python cli.py fit recipes/cgan_kd_utkface.py --set images=DIR
    DIR holds UTKFace's aligned and cropped photographs; or give the h5 file of CcGAN's authors, whose 14,760 images
    are the paper's. Errors of whole years are often equal, and with `mode=code` all that equal the cutoff fall: where
    fewer than 60,000 samples are left, the run says so; `--set mode=paper` keeps them. `--set student=wrn40_1`
    (resnet8x4, ...) takes another student. `--smoke` runs on drawn needles, without UTKFace and without network.
Expected: not known. The full recipe asks for days on a GPU and has not been run; its smoke form has.
Time: days on a GPU (not run); its --smoke form 2 minutes on two CPU cores
"""

import keras

from kgan.data import drawn_angles, utkface
from kgan.errors import InputError
from kgan.networks.ccgan import ccgan_discriminator, ccgan_generator
from kgan.networks.cgan_features import sparse_autoencoder
from kgan.networks.classifiers import regressor
from kgan.networks.density_ratio import density_ratio_network
from kgan.networks.label_embedding import label_encoder, label_to_embedding
from kgan.recipe import Stage
from kgan.stages import subsampling
from kgan.stages.cgan import embedding, encoder, value_cgan
from kgan.stages.cgan_kd import Sampling, cgan_kd_stages
from kgan.stages.predictors import Plan

SMOKE = {"stand_in": True, "image_size": 16, "teacher": "resnet8", "student": "resnet8", "teacher_steps": 2,
         "plain_steps": 2, "student_steps": 2, "batch_size": 8, "encoder_depth": 8, "encoder_steps": 2,
         "encoder_batch_size": 8, "embedding_steps": 2, "embedding_batch_size": 8, "cgan_width": 8, "cgan_steps": 2,
         "cgan_batch_size": 8, "features_width": 8, "features_steps": 2, "features_batch_size": 8,
         "ratio_hidden": (64, 32), "ratio_steps": 30, "ratio_batch_size": 8, "ratio_learning_rate": 1e-2,
         "penalty": 10.0, "per_label": 4, "num_fakes": 20, "burn_in": 40, "sampling_batch_size": 16,
         "floor": 1e-9, "rho": 0.9, "quantize": ()}


def recipe(
    images=None,
    stand_in=False,
    image_size=64,
    teacher="vgg11",
    teacher_steps=32_200,
    student="resnet20",
    plain_steps=32_200,
    student_steps=134_640,
    batch_size=128,
    learning_rate=0.01,
    encoder_depth=34,
    encoder_steps=9200,
    encoder_batch_size=256,
    embedding_steps=500,
    embedding_batch_size=128,
    cgan_width=64,
    cgan_steps=20_000,
    cgan_batch_size=512,
    cgan_learning_rate=1e-4,
    critic_steps=4,
    vicinity="soft",
    multiple=2.0,
    policy="color,translation,cutout",
    features_width=64,
    features_steps=18_400,
    features_batch_size=128,
    ratio_hidden=(1024, 512, 256, 128, 64),
    ratio_steps=9200,
    ratio_batch_size=256,
    ratio_learning_rate=1e-4,
    penalty=0.01,
    per_label=2000,
    num_fakes=60_000,
    burn_in=100,
    sampling_batch_size=500,
    floor=1e-3,
    rho=0.7,
    mode="code",
    arms=("m1_m2",),
    from_scratch=False,
    quantize=("none", "float16", "dynamic", "int8"),
    seed=0,
):
    """`num_fakes` of `per_label` samples of each age, before M2, join 80% of the photographs in `images`.

    `images` is a folder or an h5 file; `stand_in` puts drawn needles in its place where it is not given.
    """
    if images is None and not stand_in:
        raise InputError(f"the setting images names the folder of UTKFace's photographs, or CcGAN's h5 file: get them "
                         f"from {utkface.URL} and give --set images=PATH")
    shape = (image_size, image_size, 3)

    def load(split):
        if images is not None:
            return utkface.load(images, image_size, split)
        return drawn_angles.load(image_size, {"train": 40, "test": 30}[split], split)

    def train():
        return load("train")

    def plan(steps, size, epochs, decay_at, l2=1e-4, draw="replacement"):
        return Plan(steps, size, learning_rate, tuple(epoch / epochs for epoch in decay_at), l2=l2, augment="flip",
                    draw=draw)

    def ratio_optimizer():
        places = [max(round(epoch / 200 * ratio_steps), 1) for epoch in (80, 150)]
        rates = [ratio_learning_rate, 0.1 * ratio_learning_rate, 0.01 * ratio_learning_rate]
        return keras.optimizers.Adam(keras.optimizers.schedules.PiecewiseConstantDecay(places, rates), 0.5, 0.999)

    known = [Stage("encoder", encoder(train, lambda: label_encoder(shape, encoder_depth),
                                      plan(encoder_steps, encoder_batch_size, 200, (60, 120))),
                   settings={"steps": encoder_steps}),
             Stage("embedding", embedding(train, label_to_embedding,
                                          plan(embedding_steps, embedding_batch_size, 500, (150, 250, 350))),
                   ("encoder",), {"steps": embedding_steps})]
    cgan = value_cgan(
        train, lambda known: ccgan_generator(cgan_width, known, shape),
        lambda known: ccgan_discriminator(cgan_width, known, shape), steps=cgan_steps, batch_size=cgan_batch_size,
        critic_steps=critic_steps, vicinity_kind=vicinity, multiple=multiple, policy=policy or None, augment="flip",
        optimizers=[lambda: keras.optimizers.Adam(cgan_learning_rate, 0.5, 0.999)] * 2)
    ratio = subsampling.ratio(
        train, lambda known: density_ratio_network(3 * image_size**2, embedding=known, hidden=ratio_hidden),
        steps=ratio_steps, batch_size=ratio_batch_size, draw="balanced", penalty=penalty, l2=1e-4, augment="flip",
        optimizer=ratio_optimizer)
    return cgan_kd_stages(
        train, lambda: load("test"), cgan=(cgan, cgan_steps), ratio=(ratio, ratio_steps), before_cgan=known,
        teacher=(lambda: regressor(teacher, shape), plan(teacher_steps, batch_size, 350, (150, 250), 5e-4)),
        features=(lambda: sparse_autoencoder(shape, features_width),
                  plan(features_steps, features_batch_size, 200, (50, 100, 150), draw="balanced")),
        student=(lambda: regressor(student, shape), plan(plain_steps, batch_size, 350, (150, 250), 5e-4),
                 plan(student_steps, batch_size, 240, (150, 180, 210), 5e-4)),
        sampling=Sampling(per_label, num_fakes, burn_in, sampling_batch_size, rho, mode, whole_units=True,
                          floor=floor),
        arms=arms, from_scratch=from_scratch, quantize=quantize)
