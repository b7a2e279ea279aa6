"""Knowledge review (ReviewKD): the hierarchical context loss between fused student maps and the teacher's.

Source: Chen et al., "Distilling Knowledge via Knowledge Review" (2021), HCL, with the weights of the authors' code.
"""

from keras import ops

from kgan.losses.kd.features import check_one_shape, feature_pair
from kgan.losses.kd.pooling import adaptive_average_pool

SIZES = (4, 2, 1)


def hierarchical_context_loss(student_maps, teacher_maps):
    """HCL: for each level the mean squared difference of the maps, and of the maps averaged to 4x4, 2x2 and 1x1.

    A pyramid size counts where it is smaller than the map's height. The map itself weighs 1, the first size that
    counts 1/2, each further one half of that before; the level's sum is divided by the sum of its weights.

    Args:
        student_maps, teacher_maps: one [B, H, W, C] a level, of equal shapes (a pooled vector as [B, 1, 1, C]); the
            teacher's are taken as constants. Heights and widths are known and may differ from level to level.

    Returns: levels added, each averaged over the batch, places and channels: a scalar in [0, inf). Raises InputError
    for unlike shapes.
    """
    return sum(_level(*pair) for pair in zip(student_maps, teacher_maps, strict=True))


def _level(student, teacher):
    check_one_shape("ReviewKD", student, teacher)
    student, teacher = feature_pair(student, teacher)
    difference = student - teacher  # averaging is linear: that of the difference is the difference of averages
    loss, weight, total = ops.mean(ops.square(difference)), 1.0, 1.0
    for size in SIZES:
        if size < difference.shape[1]:
            weight /= 2
            loss += weight * ops.mean(ops.square(adaptive_average_pool(difference, (size, size))))
            total += weight
    return loss / total
