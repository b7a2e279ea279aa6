"""One update by an optimiser, in one operation a variable where TensorFlow has one."""

import keras
import tensorflow as tf

_PLAIN = ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema", "loss_scale_factor",
          "gradient_accumulation_steps", "amsgrad")


def apply_gradients(optimizer, gradients, variables):
    """`optimizer.apply`, for plain Adam and SGD with momentum on one replica by TensorFlow's own kernels.

    Keras writes Adam as some twenty operations a variable: with hundreds of variables they take about half of the
    time in which a step's graph is built. Slots, count of steps and results are the same (to rounding). A variable
    without a gradient stays as it is.
    """
    reached = [pair for pair in zip(gradients, variables, strict=True) if pair[0] is not None]
    if not reached:
        return
    gradients, variables = map(list, zip(*reached, strict=True))
    kernel = _KERNELS.get(type(optimizer))
    if kernel is None or not _fits(optimizer, gradients, variables):
        optimizer.apply(gradients, variables)
        return
    kernel(optimizer, gradients, variables)
    optimizer.iterations.assign_add(1)


def _adam(optimizer, gradients, variables):
    rate = tf.cast(optimizer.learning_rate, tf.float32)
    step = tf.cast(optimizer.iterations, tf.float32) + 1.0
    powers = tf.pow(optimizer.beta_1, step), tf.pow(optimizer.beta_2, step)
    for gradient, variable in zip(gradients, variables, strict=True):
        index = optimizer._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.value.handle, m=optimizer._momentums[index].value.handle,
            v=optimizer._velocities[index].value.handle, beta1_power=powers[0], beta2_power=powers[1], lr=rate,
            beta1=optimizer.beta_1, beta2=optimizer.beta_2, epsilon=optimizer.epsilon, grad=gradient)


def _sgd(optimizer, gradients, variables):
    rate = tf.cast(optimizer.learning_rate, tf.float32)
    for gradient, variable in zip(gradients, variables, strict=True):
        if not optimizer.momentum:
            tf.raw_ops.ResourceApplyGradientDescent(var=variable.value.handle, alpha=rate, delta=gradient)
            continue
        slot = optimizer.momentums[optimizer._get_variable_index(variable)]
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.value.handle, accum=slot.value.handle, lr=rate, grad=gradient, momentum=optimizer.momentum,
            use_nesterov=optimizer.nesterov)


_KERNELS = {keras.optimizers.Adam: _adam, keras.optimizers.SGD: _sgd}


def with_l2(gradients, variables, l2):
    """The gradients of a loss to which `l2 / 2 ||w||^2` over all variables, biases among them, is added.

    This is the weight decay of PyTorch's optimisers: it goes through momentum and Adam's scaling. Keras's own
    `weight_decay` is decoupled from the gradient. A variable that the loss does not reach stays without one.
    """
    if not l2:
        return gradients
    return [gradient if gradient is None else tf.convert_to_tensor(gradient) + l2 * variable
            for gradient, variable in zip(gradients, variables, strict=True)]


def _fits(optimizer, gradients, variables):
    if any(getattr(optimizer, name, None) for name in _PLAIN):
        return False
    if tf.distribute.get_strategy().num_replicas_in_sync > 1 or tf.distribute.has_strategy():
        return False
    return all(isinstance(gradient, tf.Tensor) and variable.dtype == "float32" and variable.constraint is None
               for gradient, variable in zip(gradients, variables, strict=True))
