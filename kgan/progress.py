"""What a person sees of a run: bars on a terminal, plain lines elsewhere."""

import contextlib
import sys
import time

PLAIN_EVERY = 15.0  # seconds between two plain lines


class Console:
    """Prints lines, and the progress of long work, to standard error or wherever `stream` leads."""

    def __init__(self, stream=None):
        self.stream = stream or sys.stderr

    def say(self, line):
        """One line."""
        print(line, file=self.stream, flush=True)

    @contextlib.contextmanager
    def progress(self, title, total, done=None, unit="step"):
        """Yields a callable (step, losses or None), to be called after each step.

        Args:
            done: steps done before; None where the first call tells, which then is one step ahead.
            unit: what is counted.
        """
        if self.stream.isatty():
            with self._bar(title, total, done or 0) as update:
                yield update
        else:
            yield self._lines(title, total, done, unit)

    @contextlib.contextmanager
    def _bar(self, title, total, done):
        from rich.console import Console as RichConsole
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                   TextColumn("{task.fields[losses]}", style="dim"))
        with Progress(*columns, console=RichConsole(file=self.stream), refresh_per_second=4) as bars:
            task = bars.add_task(title, total=total, completed=done, losses="")

            def update(step, losses=None):
                fields = {"losses": _short(losses)} if losses else {}
                bars.update(task, completed=step, **fields)

            yield update

    def _lines(self, title, total, first, unit):
        began = last = time.monotonic()

        def update(step, losses=None):
            nonlocal last, first
            first = step - 1 if first is None else first  # a training may go on from any step
            now = time.monotonic()
            if losses and (now - last >= PLAIN_EVERY or step == total):
                last = now
                rest = (now - began) / max(step - first, 1) * (total - step)
                self.say(f"{title}: {unit} {step} of {total}, about {rest:.0f} s left; {_short(losses)}")

        return update


class Silent(Console):
    """Says nothing: for runs within a longer work, which says what came out."""

    def say(self, line):
        """Nothing."""

    @contextlib.contextmanager
    def progress(self, title, total, done=None, unit="step"):
        """Yields a callable that shows nothing."""
        yield lambda step, losses=None: None


def _short(losses, most=4):
    shown = [f"{name} {value:.4g}" for name, value in list(losses.items())[:most]]
    return ", ".join(shown + (["..."] if len(losses) > most else []))
