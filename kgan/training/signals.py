"""SIGTERM and SIGINT ask a run to stop at the next safe point instead of killing it."""

import contextlib
import signal
import threading

from kgan.errors import Interrupted


class StopRequest:
    """Whether a signal asked for a stop; a second signal of the same kind acts at once, as usual."""

    def __init__(self):
        self.signal = None
        self._listening = False

    def check(self):
        """Raises `Interrupted` if a stop was asked for."""
        if self.signal is not None:
            raise Interrupted(f"stopped by {signal.Signals(self.signal).name}")

    @contextlib.contextmanager
    def listening(self):
        """Takes SIGTERM and SIGINT within the outermost such block.

        Outside the main thread, which alone may take signals, they stay as they are.
        """
        if self._listening or threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

        def ask(number, frame):
            self.signal = number
            signal.signal(number, before[number])

        for number in before:
            signal.signal(number, ask)
        self._listening = True
        try:
            yield self
        finally:
            self._listening = False
            for number, handler in before.items():
                signal.signal(number, handler)
