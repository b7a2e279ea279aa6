"""The loop around `fit`: goes on from the last checkpoint, writes logs, samples and checkpoints."""

import time
from pathlib import Path

import keras

from kgan.errors import InputError
from kgan.training.checkpoint import restore_checkpoint, save_checkpoint
from kgan.training.logs import TrainingLog
from kgan.training.signals import StopRequest


def train(method, batches, steps, folder, *, log_every=50, checkpoint_every=500, sample_every=None,
          write_samples=None, stop=None, progress=None, warn=print):
    """Trains `method` up to `steps` steps in all; returns the seconds this call took.

    Args:
        method: a compiled `Method`.
        batches: callable, step -> endless `tf.data.Dataset` that yields what a training reaching that
            step would see next.
        steps: steps in all, those of earlier calls included.
        folder: takes `checkpoints/`, `log.csv`, TensorBoard events.
        log_every, checkpoint_every, sample_every: in steps.
        write_samples: callable, step -> None, called every `sample_every` steps and at the end.
        stop: a `StopRequest`; when it is set, the step is finished, a checkpoint written and
            `Interrupted` raised.
        progress: callable, (step, losses or None) -> None, called after every step.
        warn: callable, takes a line about a damaged checkpoint.
    """
    folder, began = Path(folder), time.perf_counter()
    done = restore_checkpoint(folder / "checkpoints", method, warn)
    if done > steps:
        raise InputError(f"{folder} has been trained for {done} steps already, more than the {steps} asked for: "
                         "ask for at least as many or choose another --run-dir")
    if done == steps:
        return 0.0
    keeper = _Keeper(method, steps, folder, TrainingLog(folder, done), stop or StopRequest(), progress,
                     (log_every, checkpoint_every, sample_every), write_samples)
    try:
        method.fit(batches(done), steps_per_epoch=steps - done, verbose=0, shuffle=False, callbacks=[keeper])
    finally:
        keeper.log.close()
    keeper.stop.check()
    return time.perf_counter() - began


class _Keeper(keras.callbacks.Callback):
    """What happens between steps."""

    def __init__(self, method, steps, folder, log, stop, progress, every, write_samples):
        super().__init__()
        self.method, self.steps, self.folder, self.log, self.stop = method, steps, folder, log, stop
        self.progress, self.write_samples = progress, write_samples
        self.log_every, self.checkpoint_every, self.sample_every = every
        self.step = method.steps_done
        self.began = time.perf_counter()
        self.loss_sums = [variable.numpy() for metric in method.metrics for variable in metric.variables]

    def on_epoch_begin(self, epoch, logs=None):
        # `fit` has just reset the losses' means; those of a log row that was under way come back.
        variables = [variable for metric in self.method.metrics for variable in metric.variables]
        for variable, value in zip(variables, self.loss_sums, strict=True):
            variable.assign(value)

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        last, losses = self.step == self.steps, None
        if last or self.step % self.log_every == 0:
            losses = {name: float(value) for name, value in self.method.get_metrics_result().items()}
            self.method.reset_metrics()
            self.log.write(self.step, time.perf_counter() - self.began, losses)
        if self.write_samples and (last or (self.sample_every and self.step % self.sample_every == 0)):
            self.write_samples(self.step)
        stopping = self.stop.signal is not None
        if last or stopping or self.step % self.checkpoint_every == 0:
            save_checkpoint(self.folder / "checkpoints", self.method)
        if self.progress:
            self.progress(self.step, losses)
        if stopping:
            self.method.stop_training = True
