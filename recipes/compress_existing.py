"""Compress a generator that exists already, from any code or framework, into students for a phone.

Source: Aguinaldo et al., "Compressing GANs using Knowledge Distillation" (2019), section 3.2: students by eq. 3 or
    eq. 4; controls of the students' sizes where real images are given.
Deviations: the teacher is not trained here. Its students are DCGANs cut to its images' shape. Without real images
    there are no controls, measures compare with the teacher's own images, and the joint loss takes these for real.
    With recorded pairs students see the same latents again and again, where the paper draws fresh ones.
    Steps and learning rates are those of no paper. Measures stand on a small classifier of the classes or, where there
    are none, of k-means clusters of the images; students that learn on its features (`--set
    student_objectives=mse,features`) learn what the measures look at, so that these flatter them.
Run: python cli.py fit recipes/compress_existing.py --set teacher=FILE
    FILE is a `.keras` file or a SavedModel folder that any Keras or TensorFlow code saved: latents [B, z], or latents
    and labels, to images [B, H, W, C] of at most 64x64. Teachers of other frameworks come as recorded pairs:
    `--set latents=z.npy --set images=DIR`, floats [N, z] and as many png or jpg files in the order of their names, or a
    .npy array, uint8 or floats [N, H, W, C]; `--set labels=y.npy` for classes. Real images, a folder or a zip, are
    given by `--set data=DIR --set image_size=SIDE`. `--smoke` makes a tiny teacher itself unless one is given.
Expected: not known of a generator that anybody uses. Tried on small ones in plain Keras (86,000 parameters, 32x32x3,
    coloured blobs) for 200 steps alone, d = 4 (19,400 parameters), one seed: pixel_mse 0.81 at the start, then 0.007
    from a `.keras` file or a SavedModel, 0.008 from 1,080 recorded pairs and 0.005 with four classes; the teachers'
    own variance is 0.02 to 0.05, and the int8 files are as near.
Time: hours with the defaults on two CPU cores (not run); 200 steps in two minutes, its --smoke form in one
"""

import keras

from kgan.data import own_images
from kgan.errors import InputError
from kgan.methods.compression import MSE, Joint
from kgan.methods.features import Features, weighted_layers
from kgan.methods.gan import GAN
from kgan.networks.any_size import any_size_discriminator, any_size_generator
from kgan.stages.compression import chosen
from kgan.stages.existing import existing_stages
from kgan.stages.given_teacher import GivenTeacher
from kgan.stages.recorded_teacher import RecordedTeacher

OP_THREADS = 1  # many small networks side by side: an operation a core beats all cores on one operation

SMOKE = {
    "stand_in": True, "student_d": (1,), "batch_size": 8, "features_steps": 4, "student_steps": 2, "control_steps": 2,
    "control_learning_rates": (1e-3,), "num_samples": 80, "quantize": ("none",),
}


def recipe(
    teacher=None,
    latents=None,
    images=None,
    labels=None,
    stand_in=False,
    image_range="auto",
    latents_law="normal",
    latent_dim: int | None = None,
    labels_input=None,
    num_classes: int | None = None,
    held_out=0.1,
    data=None,
    image_size: int | None = None,
    channels: int | None = None,
    enlarge=False,
    features=None,
    features_steps=1000,
    batch_size=32,
    student_d=(4, 8),
    student_objectives=("mse",),  # and joint, features
    student_learning_rate=5e-3,
    student_steps=10_000,
    reduction="sum",
    alpha=1e-4,
    joint_mode="plain",
    joint_saturating=True,
    joint_learning_rate=2e-4,  # of the joint objective's discriminators
    spectral_norm=False,  # of these and of the controls'
    feature_layers=("features",),  # of the run's classifier
    feature_weights=(1.0,),  # one for all layers, or one for each
    feature_norm="l2",
    pixel_weight=1.0,  # of the pixel loss beside that of the features
    control_learning_rates=(1e-3, 3e-3),
    control_steps=10_000,
    ema_decay=0.999,
    num_samples=2000,
    quantize=("none", "float16", "dynamic", "int8"),
    image_output="float32",  # of the TFLite files; uint8: pixels of 0 to 255
    seed=0,
):
    """`teacher`, or `latents` with `images`; `stand_in` puts a tiny untrained generator in the teacher's place.

    `image_range` is that of the teacher's images, -1,1 or 0,1 or 0,255, found out unless given; `latents_law` is normal
    for N(0, I) or uniform for U(-1, 1); `latent_dim` is asked for where a SavedModel leaves it open; `labels_input`
    names the input of labels, and `num_classes` counts them, where the teacher does not tell. `held_out` is the share
    of recorded pairs that students are measured on and do not learn from. `data` is a folder or zip of real images,
    brought to `image_size` and `channels`. `features` is a network that measures stand on in place of a classifier
    trained here.
    """
    recorded = {"latents": latents, "images": images, "labels": labels}
    of_network = {"latent_dim": latent_dim, "labels_input": labels_input, "num_classes": num_classes}
    shared = {"image_range": image_range, "latents_law": latents_law}
    if _are_recorded(teacher, recorded, of_network, stand_in):
        source = RecordedTeacher(**recorded, **shared, held_out=held_out)
    else:
        source = GivenTeacher(teacher or _stand_in, **of_network, **shared, num_images=num_samples)
    if data is not None and image_size is None:
        raise InputError("real images are brought to the teacher's size: give image_size with data, its side in pixels")
    if data is None and (image_size, channels, enlarge) != (None, None, False):
        raise InputError("image_size, channels and enlarge are about real images, not the teacher's: give data with "
                         "them, or leave them out")

    def real():
        return own_images.load(data, image_size, channels, enlarge)

    def generator(d, form):
        return any_size_generator(d, form.image_shape, form.latent_dim, form.num_classes, form.latents_law)

    def gan(d, form, seed, learning_rate):
        critic = any_size_discriminator(d, form.image_shape, False, spectral_norm)
        model = GAN(any_size_generator(d, form.image_shape, form.latent_dim), critic, "wgan_gp", 1, ema_decay, seed)
        model.compile(keras.optimizers.Adam(learning_rate, 0.0, 0.9), keras.optimizers.Adam(learning_rate, 0.0, 0.9))
        return model

    def student_optimizer():
        schedule = keras.optimizers.schedules.CosineDecay(student_learning_rate, student_steps)
        return keras.optimizers.Adam(schedule, 0.5, 0.99)

    def discriminator(d, image_shape):
        return any_size_discriminator(d, image_shape, spectral_norm=spectral_norm)

    layers = weighted_layers(feature_layers, feature_weights)
    known = {"mse": MSE(reduction), "joint": Joint(alpha, reduction, joint_mode, joint_saturating),
             "features": Features("classifier", layers, feature_norm, reduction, pixel_weight)}
    return existing_stages(
        source, generator=generator, discriminator=discriminator, data=real if data is not None else None,
        gan=gan, features=features, features_steps=features_steps, batch_size=batch_size, ema_decay=ema_decay,
        student_d=student_d, student_objectives=chosen(known, student_objectives),
        student_optimizer=student_optimizer, student_steps=student_steps,
        discriminator_optimizer=lambda: keras.optimizers.Adam(joint_learning_rate, 0.5),
        control_learning_rates=control_learning_rates, control_steps=control_steps, num_samples=num_samples,
        quantize=quantize, image_output=image_output,
    )


def _are_recorded(teacher, recorded, of_network, stand_in):
    """Whether the teacher comes as recorded pairs; InputError where settings do not go together, or none is given."""
    given = [name for name, value in recorded.items() if value is not None]
    if not given and teacher is None and not stand_in:
        raise InputError("the setting teacher names the generator to be compressed: give --set teacher=FILE, a .keras "
                         "file or a SavedModel folder, or recorded pairs by --set latents=z.npy --set images=DIR")
    if not given:
        return False
    if teacher is not None:
        raise InputError(f"a teacher comes as a file or as recorded pairs: give teacher or {given[0]}, not both")
    missing = [name for name in ("latents", "images") if name not in given]
    if missing:
        raise InputError(f"recorded pairs are latents and images: {given[0]} is given, give {missing[0]} too")
    of_no_use = [name for name, value in of_network.items() if value is not None]
    if of_no_use:
        raise InputError(f"setting {of_no_use[0]} is of no use with recorded pairs: leave it out")
    return True


def _stand_in(folder):
    """Saves a tiny generator of random weights below a folder; returns its path."""
    keras.utils.set_random_seed(0)
    noise = keras.Input((8,), name="noise")
    x = keras.layers.Reshape((4, 4, 4))(keras.layers.Dense(64)(noise))
    for filters in (8, 1):
        x = keras.layers.Conv2DTranspose(filters, 4, 2, "same", activation="relu" if filters > 1 else "sigmoid")(x)
    path = folder / "stand_in.keras"
    keras.Model(noise, x).save(path)
    return path
