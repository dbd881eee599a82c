"""What is in a model's graph: which layers run, in what order, with what shapes, and what do its outputs end in?

The forward pass is traced once, without running it. So the answer is the same for a Sequential, a functional, a nested
and a subclassed model, and for shared layers, where Keras's own ``layer.output`` fails or misleads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from keras_vis.engine import layers, tap
from keras_vis.engine.batch import Batch, pack

_SIZES = ("Shape", "ShapeN", "Size", "Rank")  # tell how large something is, not what is in it


@dataclass(frozen=True)
class LayerFacts:
    """One layer of the graph.

    Attributes:
        shape: of what it gives for one image, None where a size is open; None as a whole if it gives no single tensor.
        calls: how often a forward pass calls it.
        order: its place among the layers, by the moment its output is done.
        echo: whether it hands on the tensor of a layer inside it (a nested model does).
        feeds: the outputs of the model whose logits have a gradient there.
        heads: those of them whose logits it gives itself.
        sees: the inputs of the model that it depends on, by index.
        behind: the layers where it has a gradient, and itself: a bit for each, by `order`.
        passive: whether it only moves, thins out or repeats what it gets.
        convolution: whether it convolves over images.
        inside: whether it is a part of one of Keras's own layers, as the projections of an attention are.
    """

    shape: tuple[int | None, ...] | None
    calls: int
    order: int
    echo: bool
    feeds: frozenset[str]
    heads: frozenset[str]
    sees: frozenset[int]
    behind: int
    passive: bool
    convolution: bool
    inside: bool

    @property
    def sees_input(self) -> bool:
        """Whether it depends on any input of the model."""
        return bool(self.sees)


@dataclass(frozen=True)
class OutputFacts:
    """One output of the model: the shape for one image, and its head: softmax, sigmoid or linear."""

    shape: tuple[int | None, ...]
    head: str

    @property
    def classes(self) -> int:
        """How many classes the output tells apart, on its last axis: a single sigmoid, two."""
        width = self.shape[-1] or 0
        return 2 if self.head == "sigmoid" and width == 1 else width


@dataclass(frozen=True)
class Outline:
    """What is in a model's graph: layers by path, in the order in which they are done, and outputs by name."""

    layers: dict[str, LayerFacts]
    outputs: dict[str, OutputFacts]

    def single(self, layer: str, argument: str = "layer") -> tuple[int | None, ...]:
        """Return the shape of what a layer gives.

        Raises:
            ValueError: it is not part of the forward pass, runs more than once in it, or gives no single tensor.
        """
        facts = self.layers.get(layer)
        if facts is None:
            raise ValueError(f"`{argument}={layer!r}` takes no part in the model's forward pass.{self._which()}")
        if facts.calls > 1:
            raise ValueError(
                f"`{argument}={layer!r}` runs {facts.calls} times in one forward pass (it is shared), so that it has "
                f"no single activation.{self._which()}"
            )
        if facts.shape is None:
            raise ValueError(f"`{argument}={layer!r}` gives no single tensor.{self._which()}")
        return facts.shape

    def maps(self) -> dict[str, LayerFacts]:
        """Return the layers that run once and give maps ``(h', w', k)`` of more than one position."""
        return {
            path: facts
            for path, facts in self.layers.items()
            if facts.calls == 1 and facts.shape is not None and len(facts.shape) == 3 and facts.shape[:2] != (1, 1)
        }

    def pick_output(self, output: str | None) -> str:
        """Return the name of the output that is asked about: the one named, else the only one.

        Raises:
            ValueError: no such output, or several and none named.
        """
        shown = ", ".join(map(repr, self.outputs))
        if output is None and len(self.outputs) > 1:
            raise ValueError(f"the model has {len(self.outputs)} outputs. Choose one with `output=`: {shown}.")
        name = next(iter(self.outputs)) if output is None else output
        if name not in self.outputs:
            near = layers.nearest(str(name), self.outputs)
            raise ValueError(f"`output={name!r}` is not in the model.{near} It has: {shown}.")
        return name

    def _which(self) -> str:
        names = [path for path, facts in self.layers.items() if facts.calls == 1 and facts.shape is not None]
        return f" These do: {', '.join(names[-6:])}." if names else ""


def trace(model: keras.Model, batch: Batch, specs: tuple[tf.TensorSpec, ...]) -> Outline:
    """Trace one forward pass of a model, and return what is in it."""
    found = layers.flatten(model)
    seen: dict[str, list[Any]] = {path: [] for path in found}
    order: list[str] = []
    results: dict[str, tf.Tensor] = {}

    def see(path: str, output: Any) -> None:
        seen[path].append(output)
        order.append(path)

    def forward(*inputs: tf.Tensor) -> Any:
        with tap.tapped(model, found, see):
            outputs = model(pack(batch.structure, inputs), training=False)
        results.update(tap.outputs_by_name(model, outputs))
        return outputs

    # A tf.function, and not a bare graph: inside it Keras behaves as in `predict`.
    graph = tf.function(forward, autograph=False).get_concrete_function(*specs).graph
    ranks = {path: rank for rank, path in enumerate(order)}
    marks: dict[tf.Operation, int] = {}
    for path, rank in ranks.items():
        for output in seen[path]:
            if isinstance(output, tf.Tensor):
                marks[output.op] = marks.get(output.op, 0) | 1 << rank
    for i, tensor in enumerate(graph.inputs[: len(specs)]):
        marks[tensor.op] = 1 << (len(order) + i)
    behind = _behind(graph, marks, always=-1 << len(order))
    heads = {name: _carried(tap.find_head(tensor)[0]) for name, tensor in results.items()}
    facts: dict[str, LayerFacts] = {}
    done: set[int] = set()
    for rank, path in enumerate(order):
        output = seen[path][-1]
        single = isinstance(output, tf.Tensor)
        bits = behind.get(output.op, 0) if single else 0
        facts[path] = LayerFacts(
            shape=_per_image(output) if single else None,
            calls=len(seen[path]),
            order=rank,
            echo=single and id(output) in done,
            feeds=frozenset(name for name, ops in heads.items() if single and behind[ops[0]] >> ranks[path] & 1),
            heads=frozenset(name for name, ops in heads.items() if single and output.op in ops),
            sees=frozenset(i for i in range(len(specs)) if bits >> (len(order) + i) & 1),
            behind=bits & ((1 << len(order)) - 1),
            passive=layers.is_passive(found[path]),
            convolution=layers.is_convolution(found[path]),
            inside=any(layers.is_kerass_own(found[holder]) for holder in _holders(path, found)),
        )
        done.add(id(output))
    ends = {name: OutputFacts(_per_image(tensor), tap.find_head(tensor)[1]) for name, tensor in results.items()}
    return Outline(facts, ends)


def _holders(path: str, found: dict[str, keras.layers.Layer]) -> list[str]:
    """The paths of what holds a layer."""
    parts = path.split("/")
    return [holder for holder in ("/".join(parts[:i]) for i in range(1, len(parts))) if holder in found]


def _behind(graph: tf.Graph, marks: dict[tf.Operation, int], always: int) -> dict[tf.Operation, int]:
    """Return for each operation the marks of all that it depends on, and its own.

    The marks in `always` go wherever numbers go; the others only where a gradient comes back.
    """
    found: dict[tf.Operation, int] = {}
    for op in graph.get_operations():  # in the order of their making: what an operation takes was made before it
        bits = marks.get(op, 0)
        for tensor in op.inputs if op.type not in _SIZES else ():
            stops = op.type == "StopGradient" or tensor.dtype.is_integer or tensor.dtype == tf.bool
            bits |= found.get(tensor.op, 0) & (always if stops else -1)
        found[op] = bits
    return found


def _carried(logits: tf.Tensor) -> list[tf.Operation]:
    """Return the operation that gives these logits, and before it those that give the same in another type."""
    ops = [logits.op]
    while ops[-1].type in ("Cast", "Identity"):
        ops.append(ops[-1].inputs[0].op)
    return ops


def _per_image(tensor: tf.Tensor) -> tuple[int | None, ...]:
    return tuple(tensor.shape[1:]) if tensor.shape.rank else ()


def reach(
    start: Iterable[tf.Operation],
    *,
    forward: bool,
    along: Callable[[tf.Tensor, tf.Operation], bool] | None = None,
) -> set[tf.Operation]:
    """Return every operation that can be reached from these along the graph, or against it.

    Args:
        start: where to begin; they are among what is returned.
        forward: along the graph, from a tensor to its users, or against it.
        along: goes only where this is true of a tensor and its user; by default everywhere, and over control edges too.
    """
    todo = list(start)
    reached = set(todo)
    while todo:
        op = todo.pop()
        if forward:
            near = [
                user
                for tensor in op.outputs
                for user in tensor.consumers()
                if user not in reached and (along is None or along(tensor, user))
            ]
        else:
            near = [tensor.op for tensor in op.inputs if along is None or along(tensor, op)]
            near += op.control_inputs if along is None else []
        for other in near:
            if other not in reached:
                reached.add(other)
                todo.append(other)
    return reached
