"""Is it this process that draws? Of a training in many processes only one does."""

from __future__ import annotations

import json
import os

# What launchers tell a process of its number: torchrun and its like, Open MPI, Slurm.
_NUMBERS = ("RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID")


def check(write_from: object) -> None:
    """Refuse what is neither the number of a process nor "all".

    Raises:
        TypeError: it is of another kind.
        ValueError: it is negative or another word.
    """
    if isinstance(write_from, bool) or not isinstance(write_from, int | str):
        raise TypeError(
            f'`write_from` must be the number of the process that draws, or "all"; '
            f"received {type(write_from).__name__}."
        )
    if write_from != "all" and (isinstance(write_from, str) or write_from < 0):
        raise ValueError(
            f'`write_from={write_from!r}` must be the number of the process that draws, 0 or more, or "all".'
        )


def draws(write_from: int | str) -> bool:
    """Whether this process draws.

    Args:
        write_from: the number of the process that does, or "all".
    """
    return write_from in ("all", number())


def number() -> int:
    """The number of this process, 0 the first: the largest that the environment tells, 0 where it tells none.

    The largest, because a launcher within a launcher numbers its processes anew on each machine: the first process of
    the second machine has number 0 there, but is not the first of the training.
    """
    told = [os.environ.get(name, "").strip() for name in _NUMBERS]
    return max([0, _of_cluster(os.environ.get("TF_CONFIG", "")), *(int(text) for text in told if text.isdecimal())])


def _of_cluster(config: str) -> int:
    """The number that TF_CONFIG gives: the chief is 0, the workers follow; who is neither is last."""
    try:
        told = json.loads(config)
        cluster, kind, index = told["cluster"], told["task"]["type"], int(told["task"]["index"])
        chiefs = len(cluster.get("chief", ())) + len(cluster.get("master", ()))  # its older name
        workers = len(cluster.get("worker", ()))
        before = {"chief": 0, "master": 0, "worker": chiefs}
        return int(before.get(kind, chiefs + workers) + index)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return 0
