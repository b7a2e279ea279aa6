"""keras-tuner's chief and workers, so that neither waits for ever for the other.

keras-tuner's own chief hangs when one of its answers raises (a lock is never given back) and when a worker that
it knows never comes back; its workers wait an hour for a chief and hear no signal meanwhile.
"""

import os
import time
from concurrent import futures

import grpc
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_chief import OracleServicer
from keras_tuner.src.distribute.oracle_client import OracleClient

from kgan.errors import InputError, Interrupted

VARIABLES = ("KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT")
POLL = 0.2  # seconds between two looks
LINGER = 5.0  # seconds that a chief which is done answers workers that it has not heard of yet
FAREWELL = 60.0  # seconds that it waits for workers which it knows and which do not ask any more
PATIENCE = 600.0  # seconds that a worker waits for an answer of the chief
PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
NO_PROXY = (("grpc.enable_http_proxy", 0),)  # a proxy for the web does not lead to the chief


def role():
    """ "alone", "chief" or "worker", by keras-tuner's three environment variables; InputError if one is missing."""
    identity, *place = (os.environ.get(name) for name in VARIABLES)
    if not any(place):
        return "alone"
    missing = [name for name in VARIABLES if not os.environ.get(name)]
    if missing or not place[1].isdecimal():
        problem = f"{missing[0]} is not set" if missing else f"{VARIABLES[2]} is no port: {place[1]!r}"
        raise InputError(f"a search of several processes needs {', '.join(VARIABLES)}; {problem}")
    return "chief" if "chief" in identity else "worker"


def address():
    """The chief's, "host:port"."""
    return ":".join(os.environ[name] for name in VARIABLES[1:])


class Chief(OracleServicer):
    """Answers the workers' calls; the first error is kept for `serve`, for gRPC would only tell the worker."""

    def __init__(self, oracle):
        super().__init__(oracle)
        self.error = None

    def CreateTrial(self, request, context):
        return self._answer(super().CreateTrial, request, context)

    def UpdateTrial(self, request, context):
        return self._answer(super().UpdateTrial, request, context)

    def EndTrial(self, request, context):
        return self._answer(super().EndTrial, request, context)

    def _answer(self, method, request, context):
        try:
            return method(request, context)
        except Exception as error:
            self.error = self.error or error
            raise


def serve(oracle, check):
    """Serves the workers until the search is over.

    Args:
        check: called five times a second; raises to end.

    Raises:
        InputError: the address is taken.
        whatever an answer to a worker has raised.
    """
    chief = Chief(oracle)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=1), options=(("grpc.so_reuseport", 0),))
    protos.get_service_grpc().add_OracleServicer_to_server(chief, server)
    try:
        if not server.add_insecure_port(address()):
            raise RuntimeError
    except RuntimeError:
        raise InputError(f"the chief cannot listen at {address()}: taken, or no address of this machine") from None
    server.start()
    done_since = None
    try:
        while True:
            check()
            if chief.error is not None:
                raise chief.error
            over = oracle.complete or (chief.stop_triggered and not oracle.ongoing_trials)
            done_since = (done_since or time.monotonic()) if over else None
            if over and time.monotonic() - done_since > (FAREWELL if oracle.tuner_ids else LINGER):
                return
            time.sleep(POLL)
    finally:
        server.stop(grace=1.0).wait()


class Client(OracleClient):
    """The oracle as a worker sees it."""

    def __init__(self, oracle, check):
        super().__init__(oracle)
        self.stub = _PatientStub(check)


class _PatientStub:
    """Calls that outlast a restart of the chief, and end within a moment when `check` raises."""

    def __init__(self, check):
        self.check = check
        self.stub = protos.get_service_grpc().OracleStub(grpc.insecure_channel(address(), NO_PROXY))

    def __getattr__(self, name):
        def call(request, **options):
            deadline = time.monotonic() + PATIENCE
            while True:
                try:
                    return self._answer(getattr(self.stub, name).future(
                        request, wait_for_ready=True, timeout=max(deadline - time.monotonic(), POLL)))
                except grpc.RpcError as error:
                    if error.code() not in PASSING or time.monotonic() > deadline:
                        raise Interrupted(f"no answer from the chief at {address()} ({error.code().name}: "
                                          f"{error.details()})") from None
                    time.sleep(POLL)

        return call

    def _answer(self, future):
        try:
            while True:
                self.check()
                try:
                    return future.result(timeout=POLL)
                except grpc.FutureTimeoutError:
                    continue
        finally:
            future.cancel()
