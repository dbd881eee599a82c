"""What does the command line of the demo take?"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from mnist_demo.data import DataError, load_digits
from mnist_demo.names import STEPS, chosen

_ABOUT = """\
Train the net of the MNIST tutorial, look into it while it learns and afterwards,
and write every picture to a folder: structure, filters, feature maps, saliency,
class activation maps, and more. It ends with the accuracy and the page that shows everything.
"""

_MORE = """\
Without --data, digits are looked for in the folder that KERAS_VIS_DATA names, in
Keras's cache and on the network. Where that gives nothing, the 1,797 handwritten
digits of scikit-learn are enlarged to 28x28 and taken instead; a line says so.

  python -m mnist_demo --quick              a first look, within 90 seconds
  python -m mnist_demo                      the whole tutorial
  python -m mnist_demo --steps structure,saliency
                                            two steps of it
  python -m mnist_demo --data train.csv     with the digits of Kaggle's competition

The steps (1 is the training itself):

{steps}

It exits with 0; with 2 where an argument or the data are wrong, and with 130 where
it is stopped by Ctrl-C.
"""

_EPOCHS = 5  # the tutorial's
_QUICK_TRAIN, _QUICK_TEST = 6000, 1000  # enough for 9 digits of 10 after one epoch
_ASCENT, _QUICK_ASCENT = 256, 48  # steps


class _UsageError(Exception):
    """An argument that cannot be taken; its one line."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Raise instead of printing all of the usage: the one line that matters is then the one that is seen."""
        raise _UsageError(f"{message} (--help explains)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo.

    Args:
        argv: the arguments; those of the command line by default.

    Returns:
        The exit code: 0; 2 where an argument or the data are wrong; 130 after Ctrl-C.
    """
    try:
        args = _parser().parse_args(argv)
        try:
            digits = load_digits(args.data)
        except DataError as error:
            where = error.where if args.data is None else f"`--data {args.data}`"  # as the user wrote it
            raise _UsageError(f"{where}: {error.problem}") from error
        try:
            args.out.mkdir(parents=True, exist_ok=True)  # only now: wrong data leave nothing behind
            with tempfile.TemporaryFile(dir=args.out):
                pass  # it can be written, which is better known now than after the training
        except OSError as error:
            raise _UsageError(f"`--out {args.out}`: the folder cannot be written ({error.strerror})") from error
        print(f"Digits: {digits.source}\n", flush=True)
        with _quiet_start():
            from mnist_demo.run import run  # seconds of TensorFlow: not for --help, nor before the data are there
        limit, test_limit = (_QUICK_TRAIN, _QUICK_TEST) if args.quick else (None, None)
        epochs = args.epochs or (1 if args.quick else _EPOCHS)
        ascent = _QUICK_ASCENT if args.quick else _ASCENT
        few = digits.first(args.train_limit or limit, test_limit)
        run(few, epochs=epochs, out=args.out, seed=args.seed, ascent=ascent, only=args.steps)
    except _UsageError as error:
        print(f"mnist_demo: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # a disk that is full, a file where a folder is wanted
        print(f"mnist_demo: {error.filename or args.out}: {error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return _stopped()
    except RuntimeError as error:
        # TensorFlow, where it is stopped in the midst of a trace, wraps the interruption.
        if "KeyboardInterrupt" not in str(error):
            raise
        return _stopped()
    return 0


def _stopped() -> int:
    print("\nmnist_demo: stopped by Ctrl-C", file=sys.stderr)
    return 130


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m mnist_demo",
        description=_ABOUT,
        epilog=_MORE.format(steps="\n".join(f"  {name:24}{told}" for name, told in STEPS.items())),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="Keras's mnist.npz; train.csv of Kaggle's Digit Recognizer; or a folder with one of them or with the four "
        "IDX files of MNIST, plain or .gz",
    )
    parser.add_argument(
        "--epochs",
        type=_count,
        metavar="N",
        help=f"times through the training images (default {_EPOCHS}; with --quick 1)",
    )
    parser.add_argument(
        "--train-limit",
        type=_count,
        metavar="N",
        help="train on the first N images only (default all; with --quick 6,000)",
    )
    parser.add_argument(
        "--out",
        type=_folder,
        default=Path("vis"),
        metavar="DIR",
        help="folder for the pictures, made where needed (default vis)",
    )
    parser.add_argument(
        "--seed",
        type=_seed,
        default=0,
        metavar="N",
        help="of the first weights, the order of images and the dropout (default 0)",
    )
    parser.add_argument(
        "--steps",
        type=_steps,
        default=tuple(STEPS),
        metavar="NAME,NAME",
        help="draw these only; names are below (default all)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="few images and one epoch: everything is drawn, nothing is learnt well"
    )
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:  # NumPy's bound
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {2**32 - 1}")
    return int(text)


def _steps(text: str) -> tuple[str, ...]:
    try:
        return chosen(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _folder(text: str) -> Path:
    path = Path(text)
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a file; wanted a folder")
    return path


@contextlib.contextmanager
def _quiet_start() -> Iterator[None]:
    """Keep TensorFlow's start to itself: it writes lines about the processor that no setting of its own turns off.

    They are shown after all where the start fails, or where the user has set TensorFlow's log level.
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
        except Exception:  # not Ctrl-C, which is one line
            sys.stderr.flush()
            held.seek(0)
            os.write(stderr, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)


if __name__ == "__main__":
    sys.exit(main())
