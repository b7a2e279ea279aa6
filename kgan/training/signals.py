"""SIGTERM and SIGINT ask a run to stop at the next safe point instead of killing it."""

import contextlib
import signal
import threading

from kgan.errors import Interrupted


class StopRequest:
    """Whether a signal asked for a stop; a second signal of the same kind acts at once, as usual."""

    def __init__(self):
        self.signal = None

    def check(self):
        """Raises `Interrupted` if a stop was asked for."""
        if self.signal is not None:
            raise Interrupted(f"stopped by {signal.Signals(self.signal).name}")

    @contextlib.contextmanager
    def listening(self):
        """Takes SIGTERM and SIGINT within the block; outside the main thread signals stay as they are."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

        def ask(number, frame):
            self.signal = number
            signal.signal(number, before[number])

        for number in before:
            signal.signal(number, ask)
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
