"""Who may write to stderr while the program starts?

Read before Keras is imported, so it imports nothing of the package.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from types import FrameType

_STOPPED = "\nkeras_vis: stopped by Ctrl-C\n"


def load_keras_quietly() -> None:
    """Import Keras, and TensorFlow with it, without the lines about processor and drivers; Ctrl-C ends it with a line.

    Until `ready` is called. Who runs as another program (its package may import this one) keeps its own Ctrl-C.
    """
    asked = " -m keras_vis " in f" {' '.join(sys.orig_argv)} "
    if asked and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        stderr = os.dup(2)

        def leave(number: int, frame: FrameType | None) -> None:
            del number, frame
            os.write(stderr, _STOPPED.encode())
            os._exit(130)  # half of TensorFlow cannot be taken down in order; nothing of ours is there yet

        signal.signal(signal.SIGINT, leave)
    with _quiet():
        import keras  # noqa: F401 - it is its import that speaks


def ready() -> None:
    """Make Ctrl-C what it is in Python: `main` knows what to do with it."""
    if callable(signal.getsignal(signal.SIGINT)):
        signal.signal(signal.SIGINT, signal.default_int_handler)


def stopped() -> int:
    """Say that the user has stopped it, and return the exit code."""
    sys.stderr.write(_STOPPED)
    return 130


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hold back what is written to stderr, by C++ too; TensorFlow's first lines no setting of its own turns off.

    They are shown after all where the import fails, or where the user has set TensorFlow's log level.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # a machine without a GPU is reported as an error, which is level 2
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        stderr = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:
            sys.stderr.flush()
            held.seek(0)
            os.write(stderr, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
