"""Whether two networks have one form, so that the weights of one fit into the other."""

import json

from kgan.errors import InputError


def check_same_form(name, own, fresh):
    """InputError unless both networks have the same layers, settings and shapes; names may differ."""
    pairs = list(zip(_layers(own), _layers(fresh), strict=False))
    for place, (one, other) in enumerate(pairs):
        if one != other:
            raise InputError(f"network {name!r} is of another form: its layer {place} is {_short(other)}, not "
                             f"{_short(one)}")
    counts = len(_layers(own)), len(_layers(fresh))
    shapes = [[tuple(variable.shape) for variable in network.variables] for network in (own, fresh)]
    if counts[0] != counts[1] or shapes[0] != shapes[1]:
        raise InputError(f"network {name!r} is of another form: it has {counts[1]} layers and {fresh.count_params()} "
                         f"parameters, not {counts[0]} and {own.count_params()}")


def text_of(settings):
    """Settings of a network or a layer as text, without seeds: where random draws begin is a state, not a form."""
    text = json.dumps(settings, sort_keys=True, default=str)
    return json.dumps(json.loads(text, object_hook=_without_seed))


def _without_seed(settings):
    return {key: value for key, value in settings.items() if key != "seed"}


def _layers(network):
    """(class, settings) of each layer in order, those of networks inside it among them."""
    found = []
    for layer in network.layers:
        if hasattr(layer, "layers"):
            found += _layers(layer)
            continue
        settings = {key: value for key, value in layer.get_config().items() if key != "name"}
        found.append((type(layer).__name__, text_of(settings)))
    return found


def _short(layer):
    kind, settings = layer
    sizes = {key: value for key, value in json.loads(settings).items()
             if key in ("batch_shape", "filters", "kernel_size", "strides", "units")}
    return f"{kind} {sizes}" if sizes else kind
