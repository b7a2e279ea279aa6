"""Cross-layer distillation with semantic calibration (SemCKD): attention says which teacher layers a layer copies.

Source: Chen et al., "Cross-Layer Distillation with Semantic Calibration" (2021), with the reductions of the authors'
code.
"""

from keras import ops

from kgan.losses.kd.features import check_one_shape, feature_pair


def attention_weights(queries, keys):
    """softmax_j(<q_i, k_j>) without a temperature: [B, L_s, L_t], each row adds up to 1.

    Args:
        queries: of the student's layers, [B, L_s, D]; keys: of the teacher's, [B, L_t, D]. Both come from trained
            projections and pass gradients.
    """
    queries, keys = (ops.cast(rows, "float32") for rows in (queries, keys))
    return ops.softmax(ops.matmul(queries, ops.transpose(keys, (0, 2, 1))), axis=-1)


def semckd_loss(weights, projected_maps, teacher_maps):
    """sum_bij w_bij MSE_bij / (B L_s), MSE_bij the mean squared difference of sample b in pair (i, j).

    Args:
        weights: [B, L_s, L_t], `attention_weights`; they pass gradients.
        projected_maps: `[i][j]`: student layer i as it was projected for teacher layer j, [B, H, W, C].
        teacher_maps: `[i][j]`: teacher layer j, pooled to the projection where that is smaller, of the same
            shape; taken as constants.

    Returns: a scalar in [0, inf). Raises InputError for a pair of unlike shapes.
    """
    errors = ops.stack([ops.stack([_errors(projected, teacher) for projected, teacher in zip(*row, strict=True)], -1)
                        for row in zip(projected_maps, teacher_maps, strict=True)], 1)  # [B, L_s, L_t]
    return ops.mean(ops.sum(weights * errors, axis=-1))


def _errors(student, teacher):
    """The mean squared difference of each sample, [B]."""
    check_one_shape("SemCKD", student, teacher)
    student, teacher = feature_pair(student, teacher)
    squares = ops.square(student - teacher)
    return ops.mean(squares, axis=tuple(range(1, len(squares.shape))))
