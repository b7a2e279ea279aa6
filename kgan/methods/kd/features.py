"""Which inner features of student and teacher a technique looks at: those that its reference takes, or others by name.

Names are those of `kgan.networks.layers.feature_names`; "mid" are `f1`, `f2`, ... between the stem and the pooled
vector.
"""

import keras

from kgan.errors import InputError
from kgan.networks.layers import feature_names

#: What a technique's reference looks at, in words for messages.
CHOICES = {
    "mid": "the ends of all stages",
    "mid_before": "the ends of all stages before their activations",
    "hint": "the end of the second stage",
    "before_last": "the end of the last stage",
    "stages_and_last": "the ends of all stages and the pooled vector",
    "before_and_last": "the ends of all stages before their activations and the pooled vector",
    "last": "the pooled vector before the logits",
}


def reference_layers(network, choice, who, title):
    """Names of the layers of a network that a reference looks at, from front to back.

    Args:
        network: a functional model.
        choice: one of `CHOICES`.
        who, title: "student" or "teacher", and the technique's name, for the message.

    Raises InputError for a network without such features. DenseNets count as such: the references take none of
    theirs (the empty cells of tables 2 and 3 of the cGAN-KD paper); name layers to do it all the same.
    """
    try:
        names = feature_names(network)
    except InputError:
        names = None
    mid = [] if names is None else [name for name in names.features if name not in ("f0", "f_last")]
    if not mid or (choice == "hint" and len(mid) < 2):
        raise InputError(f"{title} looks at {CHOICES[choice]}, and the {who} {network.name!r} has none that its "
                         f"reference takes: take another {who} or technique, or name layers of it ({who}_layers)")
    before = list(names.pre_activations)
    return tuple({"mid": mid, "mid_before": before, "hint": mid[1:2], "before_last": mid[-1:],
                  "stages_and_last": [*mid, "f_last"], "before_and_last": [*before, "f_last"],
                  "last": ["f_last"]}[choice])


def named_layers(network, names, who):
    """The names as a tuple; InputError for one that the network does not have, or for none."""
    names = (names,) if isinstance(names, str) else tuple(names)
    known = [layer.name for layer in network.layers]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        shown = [name for name in known if name.startswith(("f", "pre"))] or known
        raise InputError(f"the {who} {network.name!r} has no layer {unknown[0] if unknown else ''!r}; among its layers "
                         f"are {', '.join(shown[:12])}")
    return names


def chosen_layers(network, named, choice, who, title):
    """The layers named, or where none are, those that the reference looks at; arguments and errors as of both."""
    return named_layers(network, named, who) if named else reference_layers(network, choice, who, title)


def outputs_of(network, names):
    """The symbolic outputs of layers, by name."""
    return [network.get_layer(name).output for name in names]


def numbered(outputs):
    """A list as {"0": first, "1": ...}: as outputs of a model, one alone would come back without its list."""
    return {str(number): output for number, output in enumerate(outputs)}


def in_order(outputs):
    """The list that was `numbered`."""
    return [outputs[str(number)] for number in range(len(outputs))]


def with_features(network, names):
    """The network's model that gives {"own": its outputs, 0: the first layer's, 1: ...}; it shares all weights."""
    inner = numbered(outputs_of(network, names))
    return keras.Model(network.input, {"own": network.output, **inner}, name=f"{network.name}_seen")


def looked_at(model, images, training):
    """(outputs of the network's own, list of the layers' outputs) of a `with_features` model for images."""
    outputs = model(images, training=training)
    return outputs.pop("own"), in_order(outputs)


def like(tensors):
    """Fresh inputs of the shapes of symbolic tensors."""
    return [keras.Input(tensor.shape[1:], name=f"seen{number}") for number, tensor in enumerate(tensors)]
