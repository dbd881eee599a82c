"""What is in a model's graph: which layers run, in what order, with what shapes, and what do its outputs end in?

The forward pass is traced once, without running it. So the answer is the same for a Sequential, a functional, a nested
and a subclassed model, and for shared layers, where Keras's own ``layer.output`` fails or misleads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from keras_vis.engine import layers, tap
from keras_vis.engine.batch import Batch, pack


@dataclass(frozen=True)
class LayerFacts:
    """One layer of the graph.

    Attributes:
        shape: of what it gives for one image, None where a size is open; None as a whole if it gives no single tensor.
        calls: how often a forward pass calls it.
        order: its place among the layers, by the moment its output is done.
        echo: whether it hands on the tensor of a layer inside it (a nested model does).
        feeds: the outputs of the model that depend on it.
        sees_input: whether it depends on the model's input.
        passive: whether it only moves, thins out or repeats what it gets.
        convolution: whether it convolves over images.
        inside: whether it is a part of one of Keras's own layers, as the projections of an attention are.
    """

    shape: tuple[int | None, ...] | None
    calls: int
    order: int
    echo: bool
    feeds: frozenset[str]
    sees_input: bool
    passive: bool
    convolution: bool
    inside: bool


@dataclass(frozen=True)
class OutputFacts:
    """One output of the model: the shape for one image, and its head: softmax, sigmoid or linear."""

    shape: tuple[int | None, ...]
    head: str

    @property
    def classes(self) -> int:
        """How many classes a vector of outputs tells apart: a single sigmoid, two."""
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
    ahead = _reach((tensor.op for tensor in graph.inputs[: len(specs)]), forward=True)
    behind = {name: _reach([tensor.op], forward=False) for name, tensor in results.items()}
    facts: dict[str, LayerFacts] = {}
    done: set[int] = set()
    for rank, path in enumerate(order):
        output = seen[path][-1]
        single = tf.is_tensor(output) and isinstance(output, tf.Tensor)
        facts[path] = LayerFacts(
            shape=_per_image(output) if single else None,
            calls=len(seen[path]),
            order=rank,
            echo=single and id(output) in done,
            feeds=frozenset(name for name, ops in behind.items() if single and output.op in ops),
            sees_input=single and output.op in ahead,
            passive=layers.is_passive(found[path]),
            convolution=layers.is_convolution(found[path]),
            inside=any(layers.is_kerass_own(found[holder]) for holder in _holders(path, found)),
        )
        done.add(id(output))
    ends = {name: OutputFacts(_per_image(tensor), tap.find_head(tensor)[1]) for name, tensor in results.items()}
    return Outline(facts, ends)


def last_map(outline: Outline, output: str | None = None) -> str:
    """Return the last layer before an output whose result is a map: where a class activation map looks by default.

    Walking back from the head: rank 4, more than one position, and no dropout, pooling, padding, reshape or flatten.

    Raises:
        ValueError: the model has no convolution, or no such layer.
    """
    usable = {
        path: facts.order
        for path, facts in outline.maps().items()
        if facts.sees_input
        and not (facts.echo or facts.passive or facts.inside)
        and (output is None or output in facts.feeds)
    }
    if not usable or not any(facts.convolution for facts in outline.layers.values()):
        raise ValueError(
            "the model has no convolution whose result is a map (h', w', k) of more than one position, so "
            "there is no layer for a class activation map. Methods that look at the input, such as saliency, need none."
        )
    return max(usable, key=usable.__getitem__)


def _holders(path: str, found: dict[str, keras.layers.Layer]) -> list[str]:
    """The paths of what holds a layer."""
    parts = path.split("/")
    return [holder for holder in ("/".join(parts[:i]) for i in range(1, len(parts))) if holder in found]


def _per_image(tensor: tf.Tensor) -> tuple[int | None, ...]:
    return tuple(tensor.shape[1:]) if tensor.shape.rank else ()


def _reach(start: Iterable[tf.Operation], *, forward: bool) -> set[tf.Operation]:
    """Return every operation that can be reached from these along the graph, or against it."""
    todo = list(start)
    reached = set(todo)
    while todo:
        op = todo.pop()
        if forward:
            near = [user for tensor in op.outputs for user in tensor.consumers()]
        else:
            near = [*(tensor.op for tensor in op.inputs), *op.control_inputs]
        for other in near:
            if other not in reached:
                reached.add(other)
                todo.append(other)
    return reached
