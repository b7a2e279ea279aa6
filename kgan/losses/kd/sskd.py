"""Self-supervision knowledge distillation (SSKD): which upright image a rotated one was made from.

Source: Xu et al., "Knowledge Distillation Meets Self-Supervision" (2020), section 3, with the reductions of the
authors' code.

A batch has B upright images and R rotated views of them (3B: by 90, 180 and 270 degrees), in any order: `own` and
`labels` say for each view which image it was made from and its class. The student's whole objective is
0.1 CE(upright) + 0.9 KL_4(upright) + `sskd_loss`; the first two are `kgan.losses.supervised.student_loss`.
"""

from keras import ops

from kgan.losses.kd.features import feature_pair
from kgan.losses.supervised import cross_entropy
from kgan.losses.transfer import unit


def cosine_similarities(rotated, upright):
    """S_ij, the cosine of rotated view i's embedding with upright image j's: [R, B] in [-1, 1].

    Args:
        rotated: [R, D]; upright: [B, D]. The cosine with a vector of zeros is 0.
    """
    rotated, upright = (unit(ops.cast(rows, "float32")) for rows in (rotated, upright))
    return ops.matmul(rotated, ops.transpose(upright))


def transformation_loss(similarities, own):
    """-ln softmax(S) at the image that the view was made from: what the teacher's head is trained with.

    Args:
        similarities: S, [R, B], without a temperature.
        own: int [R] in [0, B).

    Returns: the mean over the views, a scalar in [0, inf).
    """
    return ops.mean(cross_entropy(own, similarities))


def kept_rows(teacher_scores, targets, ratio):
    """Which views the student learns from: 1.0 for kept ones, else 0.0, [R].

    A view's rank is the number of scores above its target's: a tie with the target leaves it in front. All views
    of rank 0 are kept and, of the w others, the floor(ratio w) of lowest rank; among equal ranks the first.

    Args:
        teacher_scores: [R, K], logits or similarities.
        targets: int [R] in [0, K).
        ratio: in [0, 1].
    """
    at_target = ops.take_along_axis(teacher_scores, ops.expand_dims(targets, -1), axis=-1)
    ranks = ops.sum(ops.cast(teacher_scores > at_target, "int32"), axis=-1)
    wrong = ops.sum(ops.cast(ranks > 0, "float32"))
    number = ops.shape(ranks)[0]
    count = number - ops.cast(wrong, "int32") + ops.cast(ops.floor(ratio * wrong), "int32")
    # Ranks and places as one number: all differ, so the order does not hang on the sort.
    places = ops.argsort(ops.argsort(ranks * number + ops.arange(number)))
    return ops.cast(places < count, "float32")


def ranked_divergence(student_scores, teacher_scores, targets, ratio, temperature):
    """T^2 KL(softmax(t / T) || softmax(s / T)) over the views that `kept_rows` keeps.

    Args:
        student_scores, teacher_scores: [R, K]; the teacher's are taken as constants.
        targets: int [R], for the ranking.
        ratio: of the wrongly ranked views, how many are kept.
        temperature: T.

    Returns: the mean over the kept views, a scalar in [0, inf); 0 if none is kept.
    """
    student_scores, teacher_scores = feature_pair(student_scores, teacher_scores)
    student = ops.log_softmax(student_scores / temperature, axis=-1)
    teacher = ops.log_softmax(teacher_scores / temperature, axis=-1)
    divergences = ops.sum(ops.exp(teacher) * (teacher - student), axis=-1)
    kept = kept_rows(teacher_scores, targets, ratio)
    return temperature**2 * ops.sum(kept * divergences) / ops.maximum(ops.sum(kept), 1.0)


def sskd_loss(student_logits, teacher_logits, labels, student_similarities, teacher_similarities, own,
              transformed_weight=2.7, similarity_weight=10.0):
    """2.7 KL_4 of the rotated views' logits + 10 KL_0.5 of their similarities, over the kept views of each.

    The logits keep all views (ratio 1), the similarities three quarters of the wrongly ranked ones (ratio 0.75).

    Args:
        student_logits, teacher_logits: of the rotated views, [R, C]; labels: int [R].
        student_similarities, teacher_similarities: `cosine_similarities` of each network, [R, B]; own: int [R].

    Returns: a scalar in [0, inf). Everything of the teacher is taken as constant.
    """
    transformed = ranked_divergence(student_logits, teacher_logits, labels, ratio=1.0, temperature=4.0)
    similarity = ranked_divergence(student_similarities, teacher_similarities, own, ratio=0.75, temperature=0.5)
    return transformed_weight * transformed + similarity_weight * similarity
