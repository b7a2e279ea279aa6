"""The inner stages of generators that the edges of a knowledge transfer graph look at."""

import keras

from kgan.errors import InputError


def stages_of(edges, generators):
    """Name -> its stages that some edge looks at, as a source's or a target's.

    InputError where a generator lacks a stage, a stage has no maps, or both ends' maps differ in height and
    width: attention maps are compared position by position, and nothing is resized.
    """
    found = {name: [] for name in generators}
    for edge in edges:
        for stage in edge.stages:
            target, source = (_map_size(name, generators[name], stage) for name in (edge.target, edge.source))
            if target != source:
                raise InputError(f"edge {edge.source!r} -> {edge.target!r}: {stage} has maps of "
                                 f"{source[0]}x{source[1]} in {edge.source!r} and of {target[0]}x{target[1]} in "
                                 f"{edge.target!r}: transfer a stage of one size, or images")
            for name in (edge.target, edge.source):
                if stage not in found[name]:
                    found[name].append(stage)
    return found


def with_stages(generator, stages):
    """The same generator, weights and all, with the outputs [images, maps of each stage in order]."""
    return keras.Model(generator.input, [generator.output, *(generator.get_layer(name).output for name in stages)])


def _map_size(name, generator, stage):
    known = [layer.name for layer in generator.layers]
    if stage not in known:
        raise InputError(f"generator {name!r} has no stage {stage!r}; it has {', '.join(known)}")
    shape = generator.get_layer(stage).output.shape
    if len(shape) != 4:
        raise InputError(f"stage {stage!r} of generator {name!r} has no feature maps [B, H, W, C]; its output is "
                         f"{tuple(shape)}")
    return shape[1:3]
