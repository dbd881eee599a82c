"""In which layer's call was an operation of a traced graph made?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import tensorflow as tf


@dataclass
class _Call:
    path: str
    room: int
    start: int
    stop: int = 0


class Calls:
    """In which layer's call was an operation made? Made inside a trace, and given to `tap.tapped` as its `note`."""

    def __init__(self, name: str) -> None:
        self._name = name  # of the model
        self._graph = tf.compat.v1.get_default_graph()
        self._noted: list[_Call] = []
        self._open: list[_Call] = []

    @contextlib.contextmanager
    def __call__(self, path: str, is_layer: bool) -> Iterator[None]:
        """Note that what is made in the graph while this holds is made in the call of the layer at this path.

        Inside a function of a layer's own nothing is: only that function's call is of this graph.
        """
        room = self._open[-1].room if self._open and not is_layer else len(self._noted)
        call = _Call(path or self._name, room, self._graph.version)
        self._noted.append(call)
        self._open.append(call)
        try:
            yield
        finally:
            self._open.pop()
            call.stop = self._graph.version

    def owners(self) -> dict[tf.Operation, tuple[str, int]]:
        """Return the operations made in calls, in the order of their making, each with the innermost layer's path.

        And with a number, its room: that of this one call; of operations that are no layers, that of the model's call.
        """
        operations = self._graph.get_operations()  # in the order of their making; the graph's version is their number
        owners: list[tuple[str, int] | None] = [None] * len(operations)
        for call in self._noted:  # an inner call begins later
            owners[call.start : call.stop] = [(call.path, call.room)] * (call.stop - call.start)
        return {op: owner for op, owner in zip(operations, owners, strict=True) if owner is not None}
