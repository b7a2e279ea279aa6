"""One graph function for all networks of one form: what a step does to each of N networks is traced once."""

import tensorflow as tf

from kgan.training.forms import text_of


class SharedTrace:
    """Runs a function of a network and tensors in a `tf.function` that networks of one form share.

    Python builds the graph of a large network in a second or more, and its gradients' as long again; a step
    that does the same to six networks waits for that six times. Here the weights are arguments, and the
    graph is built for the first.

    Args:
        function: (call, weights, *tensors) -> nest of tensors. `call(x)` runs the network with
            training=True, `weights` are its trainable weights, to differentiate by.

    On several replicas nothing is shared: synchronised batch norm does not run in a function of its own.
    """

    def __init__(self, function):
        self.function = function
        self.traced = {}

    def __call__(self, network, *tensors, moves=True):
        """The function's result for this network.

        `moves` says whether its moving statistics move, as in a plain call: True, False, or a boolean tensor
        that decides in the graph. On several replicas they always do.
        """
        if tf.distribute.get_strategy().num_replicas_in_sync > 1:
            weights = [variable.value for variable in network.trainable_variables]  # a tape watches no Keras variable
            return self.function(lambda x: network(x, training=True), weights, *tensors)
        form = _form(network)
        if form not in self.traced:
            self.traced[form] = self._trace(network)
        weights = [variable.value for variable in network.trainable_variables]
        state = network.non_trainable_variables
        result, moved = self.traced[form](weights, [variable.value for variable in state], *tensors)
        if moves is False:
            return result
        for index, value in moved.items():
            variable = state[int(index)]
            variable.assign(value if moves is True else tf.where(moves, value, variable.value))
        return result

    def _trace(self, template):
        # Not inlined: the step's graph stays small, and is optimised once for all networks of the form.
        @tf.function(autograph=False, experimental_attributes={"_noinline": True})
        def run(weights, state, *tensors):
            weights = [tf.convert_to_tensor(value) for value in weights]
            now = [tf.convert_to_tensor(value) for value in state]
            before = list(now)

            def call(x):
                outputs, moved = template.stateless_call(weights, now, x, training=True)
                now[:] = moved
                return outputs

            result = self.function(call, weights, *tensors)
            moved = {str(index): value for index, value in enumerate(now) if value is not before[index]}
            return result, moved

        return run


def _form(network):
    config = network.get_config()
    config.pop("name", None)
    return text_of(config)
