"""Who may write to stderr while the program starts?

Read before Keras is imported, so it imports nothing of the package.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator


def load_keras_quietly() -> None:
    """Import Keras, and TensorFlow with it, without the lines about processor and drivers."""
    with _quiet():
        import keras  # noqa: F401 - it is its import that speaks


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
