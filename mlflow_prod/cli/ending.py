"""How a command ends: with an exit code, and one message where a person can mend what went wrong."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn
from urllib.parse import urlsplit

import click

from mlflow_prod.errors import ProdError


def run_and_exit(
    command: click.Command, arguments: list[str] | None, name: str, *, then: Callable[[Any], None]
) -> NoReturn:
    """Runs a command with arguments (None: of the process), hands its result to `then`, and exits.

    Exit codes: 0 done, 1 an error whose message says what to do, 2 wrong parameters, 130 stopped by Ctrl-C.
    An error that nobody foresaw keeps its traceback.
    """
    try:
        with _stopped_by_ctrl_c():
            result = command.main(arguments, prog_name=name, standalone_mode=False)
        # click hands back the exit code of --help and --version.
        if not (isinstance(result, int) and not isinstance(result, bool)):
            then(result)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        print("\nstopped: a run that was open is marked FAILED and keeps what it had logged", file=sys.stderr)
        sys.exit(130)
    except MemoryError as error:
        print(f"error: out of memory, give fewer rows or a smaller network: {error}", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        if not _can_be_mended(error):
            raise
        print(f"error: {_unanswered(error) or error}", file=sys.stderr)
        sys.exit(1)
    sys.exit(0)


@contextmanager
def _stopped_by_ctrl_c() -> Iterator[None]:
    """Repeats a Ctrl-C that meets a destructor, in which Python drops it: the program would go on."""
    before = sys.unraisablehook

    def again(unraisable: Any) -> None:
        if unraisable.exc_type is not KeyboardInterrupt:
            before(unraisable)
            return
        # A moment later: at once it would meet this function, and be dropped again.
        main = threading.main_thread().ident
        later = threading.Timer(0.05, signal.pthread_kill, (main, signal.SIGINT))
        later.daemon = True
        later.start()

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = before


def _unanswered(error: Exception) -> str:
    """What is said where no server answered, in place of what the library for HTTP says; "" otherwise."""
    from requests import ConnectionError
    from requests.exceptions import ProxyError, SSLError

    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ConnectionError):
        cause = cause.__cause__ or cause.__context__
    # Of these somebody answered, and what it said is worth reading.
    if cause is None or isinstance(cause, ProxyError | SSLError):
        return ""
    if cause.request is None or cause.request.url is None:
        return ""
    asked = urlsplit(str(cause.request.url))
    # Without what may be a password.
    server = f"{asked.scheme}://{asked.netloc.rpartition('@')[2]}"
    return f"nothing answers at {server}: start it, or correct MLFLOW_TRACKING_URI or MLFLOW_REGISTRY_URI"


def _can_be_mended(error: Exception) -> bool:
    # Imported here, so that --help need not wait for MLflow.
    from mlflow.exceptions import MlflowException

    return isinstance(error, ProdError | MlflowException | OSError)
