"""The base class of every method: a `keras.Model` that owns networks and optimisers by name."""

import keras
import numpy as np
import tensorflow as tf

from kgan.errors import InputError
from kgan.training.batch_norm import fuse_batch_norms
from kgan.training.ema import EMA
from kgan.training.forms import check_same_form
from kgan.training.noise import StepNoise
from kgan.training.updates import apply_gradients, with_l2

FIRST_ITERATIONS = 10  # of the power iteration behind each spectral norm, before the first step


class Method(keras.Model):
    """What the methods have in common; a subclass adds its `train_step`.

    A subclass puts its networks into `self.networks` (name -> functional model) and calls
    `set_optimizers` in its `compile`. What is to be kept of it, `network_outputs`, and all that a
    checkpoint must bring back, `state_groups`, follow from that.

    Args:
        networks: dict, name -> built functional model that is trained.
        followed: names of the networks of which an average is kept.
        ema_decay: decay of that average; 0 keeps none.
        seed: determines every random draw of the training step.
        losses: names of the losses that `train_step` reports, in order.
        ema_start: first step that is averaged, a plain copy before it; None lets it fade in (`kgan.training.ema`).
    """

    def __init__(self, networks, followed=(), ema_decay=0.0, seed=0, losses=(), ema_start=None, **kwargs):
        super().__init__(**kwargs)
        self.networks = dict(networks)
        for network in self.networks.values():
            fuse_batch_norms(network)
        followed = followed if ema_decay else ()
        self.averages = {name: EMA(self.networks[name], ema_decay, ema_start) for name in followed}
        self.optimizers, self._first_slots = {}, {}
        self.step_counter = self.add_weight(
            shape=(), dtype="int64", initializer="zeros", trainable=False, name="step_counter"
        )
        # A value, not a constant of the graph: a training starts again with another seed and is not traced anew.
        self.seed = self.add_weight(shape=(), dtype="int64", initializer="zeros", trainable=False, name="seed")
        self.seed.assign(np.int64(seed))
        self._spectral = {name: [layer for layer in network.layers if hasattr(layer, "power_iteration")]
                          for name, network in self.networks.items()}
        self._first_iterations()
        self.trackers = {name: keras.metrics.Mean(name=name) for name in losses}
        self.built = True

    def set_optimizers(self, optimizers, **kwargs):
        """Takes one optimiser a trained network and builds it, within the strategy's scope."""
        for name, optimizer in optimizers.items():
            optimizer.build(self.networks[name].trainable_variables)
        self.optimizers = dict(optimizers)
        self._first_slots = {name: [_first_value(variable) for variable in optimizer.variables]
                             for name, optimizer in optimizers.items()}
        # Without `optimizer=None` Keras would add an RMSprop that nobody uses. XLA brings nothing on a CPU.
        super().compile(optimizer=None, **{"jit_compile": False, **kwargs})

    def minimise(self, tape, losses, l2=0.0):
        """Applies one update a network: `losses` maps the networks' names to scalar losses.

        Gradients are summed over replicas, while each loss is a mean over a replica's share of the batch:
        the division by the number of replicas happens here and nowhere else.
        """
        variables = {name: self.networks[name].trainable_variables for name in losses}
        # No network's loss depends on another of these networks: one pass backward serves all.
        values = list(losses.values())
        shares = [tf.fill(value.shape, tf.cast(self.share(), value.dtype)) for value in values]
        self.apply(tape.gradient(values, variables, output_gradients=shares), l2)

    def apply(self, gradients, l2=0.0):
        """Applies one update a network: `gradients` maps names to gradients of losses taken times `share()`.

        `l2` times each variable is added to its gradient: weight decay that is not decoupled.
        """
        for name, values in gradients.items():
            variables = self.networks[name].trainable_variables
            values = with_l2(values, variables, l2 * self.share())
            apply_gradients(self.optimizers[name], values, variables)

    @staticmethod
    def share():
        """What this replica's mean loss counts in the sum over replicas."""
        return 1.0 / tf.distribute.get_strategy().num_replicas_in_sync

    def noise(self):
        """The random draws of the step that is under way."""
        return StepNoise(self.seed, self.step_counter)

    def finish_step(self, losses):
        """Moves spectral norms' estimates, averages and counter; records the losses, returns the logs of `fit`."""
        self.power_iterations(*self._spectral)
        for name, average in self.averages.items():
            average.update(*self._updates(name))
        self.step_counter.assign_add(1)
        for name, value in losses.items():
            self.trackers[name].update_state(value)
        return self.get_metrics_result()

    def _updates(self, name):
        """(updates of a network before this step's, whether this step made one): an optimiser may gather gradients.

        With `gradient_accumulation_steps` of k, Keras's optimisers move the weights every k-th time by the mean of k
        gradients. Networks of which an average is kept are given to their optimiser once a step.
        """
        every = getattr(self.optimizers.get(name), "gradient_accumulation_steps", None)
        if not every:
            return self.step_counter, True
        steps = self.step_counter + 1
        return steps // every - 1, steps % every == 0

    def power_iterations(self, *names):
        """Moves the estimates of these networks' spectral norms by one iteration.

        `finish_step` does it once a step for all; a network that is updated several times a step asks for more.
        """
        for name in names:
            for layer in self._spectral[name]:
                layer.power_iteration()

    def get_metrics_result(self):
        """Mean of each loss since the last reset, by name."""
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    @property
    def metrics(self):
        """The losses' trackers, which `fit` resets when it starts."""
        return list(self.trackers.values())

    def network_outputs(self):
        """What is worth keeping after training: the averages where there are any, else the networks."""
        return {name: self.averages[name].model if name in self.averages else network
                for name, network in self.networks.items()}

    def state_groups(self):
        """All that a checkpoint must bring back, as lists of variables under stable names."""
        groups = {"step": [self.step_counter]}
        groups |= {f"network/{name}": network.variables for name, network in self.networks.items()}
        groups |= {f"average/{name}": average.model.variables for name, average in self.averages.items()}
        groups |= {f"optimizer/{name}": optimizer.variables for name, optimizer in self.optimizers.items()}
        groups |= {f"loss/{name}": tracker.variables for name, tracker in self.trackers.items()}
        return groups

    def restart(self, networks, seed):
        """Begins the training anew, in place: what was traced is kept, and the end is that of a fresh method.

        Averages, slots, counters, losses and spectral norms' estimates start as in a fresh method; learning rates
        stay as they are.

        Args:
            networks: dict, name -> freshly built network for each of `self.networks`, of the same form; its
                weights are copied. Python's `random.seed` determines those that Keras draws;
                `keras.utils.set_random_seed` does too, but makes TensorFlow prepare the traced step anew.
            seed: as at construction.

        Raises InputError for other names and other forms, and then has changed nothing.
        """
        if set(networks) != set(self.networks):
            raise InputError(f"a restart takes a network for each of {', '.join(sorted(self.networks))}; received "
                             f"{', '.join(sorted(networks)) or 'none'}")
        for name, network in self.networks.items():
            check_same_form(name, network, networks[name])
        for name, network in self.networks.items():
            for variable, fresh in zip(network.variables, networks[name].variables, strict=True):
                variable.assign(fresh.numpy())
        for average in self.averages.values():
            average.restart()
        self._first_iterations()
        for name, optimizer in self.optimizers.items():
            for variable, value in zip(optimizer.variables, self._first_slots[name], strict=True):
                if variable is not optimizer._learning_rate:
                    variable.assign(np.zeros(variable.shape, variable.dtype) if value is None else value)
        self.reset_metrics()
        self.step_counter.assign(0)
        self.seed.assign(np.int64(seed))

    def _first_iterations(self):
        for _ in range(FIRST_ITERATIONS):  # or the first steps would divide by a random guess
            self.power_iterations(*self._spectral)

    @property
    def steps_done(self):
        """Training steps so far, as an integer."""
        return int(self.step_counter.numpy())


def _first_value(variable):
    value = variable.numpy()
    return value if np.any(value) else None  # slots of zeros, as nearly all are, need not be kept


def latent_dim_of(generator):
    """Length of the latent vectors that a generator takes; InputError if it takes something else."""
    inputs = generator.input
    latents = inputs.get("latents") if isinstance(inputs, dict) else inputs
    shape = tuple(getattr(latents, "shape", ()))
    if len(shape) != 2 or shape[1] is None:
        raise InputError(f"a generator must take latents [B, latent_dim]; {generator.name!r} takes "
                         f"{generator.input_shape}")
    return shape[1]


def takes_labels(generator):
    """Whether a generator takes {"latents", "labels"} rather than latents alone."""
    return isinstance(generator.input, dict) and "labels" in generator.input
