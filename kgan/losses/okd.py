"""Losses of online distillation: a generator's sum over its judges, and an auxiliary classifier's.

Source: Guo et al., "Online Adversarial Knowledge Distillation for Image Synthesis of Bridge Defect"
(2021); Odena et al., "Conditional Image Synthesis with Auxiliary Classifier GANs" (2017).
"""

from keras import ops


def okd_generator_loss(discriminator_term, connector_terms, rho):
    """L_G = -E[D(G(z))] - rho E[C(G(z))], eq. 7, for any adversarial loss.

    Args:
        discriminator_term: the generator's loss against its discriminator, a scalar.
        connector_terms: its losses against each of its connectors, scalars; several, as on the full graph,
            are averaged; without any the discriminator's term is all.
        rho: weight of the connectors.
    """
    if not connector_terms:
        return discriminator_term
    return discriminator_term + rho * sum(connector_terms) / len(connector_terms)


def class_loss(labels, class_logits):
    """-E[log P(C = c | X)] of Odena et al., eq. 3: mean over the batch. Range [0, inf).

    Args:
        labels: int [B].
        class_logits: [B, K].
    """
    chosen = ops.take_along_axis(ops.log_softmax(class_logits, axis=-1), ops.expand_dims(labels, -1), axis=-1)
    return -ops.mean(chosen)
