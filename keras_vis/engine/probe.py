"""What happens inside a model when it looks at images? The one room that runs models.

    probe(model).run(images, target, wrt=(0,), relu=None, finish=None, batch=32) -> Pass(scores, grads, acts, logits)
    probe(model).activations(images, layers, batch=32) -> dict

A graph is compiled once for each *(form of target, wiring)* and never again: ten classes, a label per image, "whatever
is predicted" and every epoch of a training share one. The batch axis is left open, so that one image, a full batch and
a ragged last one share it too. The graph reads the model's own variables: after more training its answers are fresh.
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_vis.engine import layers as layers_
from keras_vis.engine import outline as outline_
from keras_vis.engine import relu as relu_
from keras_vis.engine import tap
from keras_vis.engine.batch import Batch, check_size, pack, take
from keras_vis.engine.graph import Graph, form, specs
from keras_vis.engine.stamp import stamp_of
from keras_vis.engine.target import Target, as_target

# Half floats lose what lies below 6e-8, and end at 65,504: the score is differentiated times the first of these with
# which the gradient stays finite. A power of two is taken off again without rounding.
_HALF_SCALES = (1024.0, 1.0, 1.0 / 1024.0)
# Targets whose forms never repeat, or images of ever new sizes, would fill the memory with graphs.
_MOST_GRAPHS = 64


Finish = Callable[[tuple[Any, ...], Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Pass:
    """What one run through a model gave, as float32 arrays.

    Attributes:
        target: the target that was asked about, names made whole.
        head: what the output that it reads ends in: ``"softmax"``, ``"sigmoid"`` or ``"linear"``.
        scores: its number for each image, ``(n,)``.
        grads: the gradient of that number, an array ``(n, ...)`` for each of `wrt`; none after a `finish`.
        acts: the activations of the layers in `wrt`, by path; none after a `finish`.
        values: what `finish` made of them.
        logits: ``(n, classes)`` of the output that the target reads, or None where it reads none.
    """

    target: Target
    head: str
    scores: np.ndarray
    grads: tuple[np.ndarray, ...] = ()
    acts: Mapping[str, np.ndarray] = field(default_factory=dict)
    values: np.ndarray | None = None
    logits: np.ndarray | None = None


class Probe:
    """Runs one model; made by `probe`. It holds no reference to the model, and dies with it."""

    def __init__(self, model: keras.Model) -> None:
        self._model = weakref.ref(model)
        self._graphs: dict[Hashable, Any] = {}
        self._stamp: Hashable = None
        self._lock = threading.RLock()
        self.traces = 0  # how many graphs have been compiled; for tests, and for the curious

    def outline(self, images: object) -> outline_.Outline:
        """Return the layers that run, their shapes, and the outputs, for images of the shape of these."""
        return self._outline(self._take(images))

    def _outline(self, ready: Batch) -> outline_.Outline:
        key = "outline", form(ready.arrays)
        return self._compiled(key, lambda: outline_.trace(self._alive(), ready, specs(ready.arrays)))

    def run(
        self,
        images: object,
        target: object = None,
        *,
        wrt: Sequence[int | str] = (0,),
        relu: str | None = None,
        finish: Finish | None = None,
        batch: int = 32,
        progress: bool = False,
    ) -> Pass:
        """Run images through the model, and return the target's number for each and the gradients of that number.

        Args:
            images: what `take` accepts, or a `Batch`.
            target: what `as_target` accepts.
            wrt: with respect to what the gradients are taken: inputs by index, layers by path. Nothing below the
                lowest of them is differentiated.
            relu: a backward rule for rectifiers: None (the gradient), ``"guided"`` or ``"deconv"``.
            finish: what to make of gradients and activations before they leave the device, in `keras.ops`; it becomes
                part of the graph, so it must be the same function each time.
            batch: images that go through at once; the numbers do not depend on it.
            progress: whether a bar is shown where it takes longer than a second.

        Raises:
            TypeError, ValueError: see `take` and `as_target`; or the target does not depend on one of `wrt`.
        """
        size = check_size(batch)
        model = self._alive()  # held until the run is over
        ready = self._take(images)
        outline = self._outline(ready)
        asked = as_target(target, outline, len(ready))
        self._check(asked, outline, ready, wrt)
        if not asked.alone and len(ready) > size:
            raise ValueError(
                f"`target`: {asked} compares the images of a batch: {len(ready)} images need `batch` ≥ {len(ready)}."
            )
        # Only half floats need the scale; elsewhere it would cost a pass over every gradient.
        half = any(layer.compute_dtype == "float16" for layer in model._flatten_layers())
        found: dict[str, Any] = {}
        for scale in _HALF_SCALES if half else (None,):
            feed = asked.feed(len(ready)), () if scale is None else (np.full(len(ready), scale, np.float32),)
            key = ("run", asked, tuple(wrt), relu, finish, form(ready.arrays), form(keras.tree.flatten(feed)))
            body = self._body(asked, tuple(wrt), relu, finish, ready.structure)
            graph = self._compiled(key, functools.partial(Graph, body, ready, feed))
            found = graph.through(ready, feed, size, type(asked).__name__, progress)
            if all(np.isfinite(part).all() for part in (*found.get("grads", ()), found.get("values", 0))):
                break
        else:
            raise ValueError(f"`target`: the gradient of {asked} is not finite for model {model.name!r}.")
        head = outline.outputs[asked.output].head if asked.output else "linear"
        return Pass(target=asked, head=head, **found)

    def activations(
        self, images: object, layers: Sequence[str], *, batch: int = 32, progress: bool = False
    ) -> dict[str, np.ndarray]:
        """Run images through the model, and return what the layers at these paths give, float32, by path."""
        size = check_size(batch)
        ready = self._take(images)
        outline = self._outline(ready)
        for layer in layers:
            outline.single(layer)
        wanted = tuple(layers)

        def body(inputs: tuple[tf.Tensor, ...], feed: Any) -> dict[str, tf.Tensor]:
            del feed
            taps: dict[str, tf.Tensor] = {}
            self._forward(ready.structure, inputs, wanted, taps.__setitem__)
            return {path: tf.cast(taps[path], tf.float32) for path in wanted}

        graph = self._compiled(("activations", wanted, form(ready.arrays)), lambda: Graph(body, ready))
        return graph.through(ready, (), size, "activations", progress)

    def outputs(self, images: object, *, batch: int = 32, progress: bool = False) -> dict[str, tuple[np.ndarray, str]]:
        """Run images through the model, and return each output's logits, float32, and its head, by the output's name.

        The logits of an output without softmax and sigmoid are the output itself; a single sigmoid has two classes.
        """
        size = check_size(batch)
        ready = self._take(images)
        ends = self._outline(ready).outputs

        def body(inputs: tuple[tf.Tensor, ...], feed: Any) -> dict[str, tf.Tensor]:
            del feed
            acts = tap.Activations(inputs, {}, self._forward(ready.structure, inputs, (), lambda path, output: None))
            return {name: acts.output(name)[0] for name in ends}

        graph = self._compiled(("outputs", form(ready.arrays)), lambda: Graph(body, ready))
        logits = graph.through(ready, (), size, "outputs", progress)
        return {name: (logits[name], ends[name].head) for name in ends}

    def _alive(self) -> keras.Model:
        model = self._model()
        if model is None:
            raise ReferenceError("the model of this probe is gone; call probe(model) with one that lives.")
        return model

    def _take(self, images: object) -> Batch:
        return images if isinstance(images, Batch) else take(self._alive(), images)

    def _renew(self, model: keras.Model) -> None:
        """Forget what was compiled, if the model has been rebuilt since."""
        stamp = stamp_of(model)
        with self._lock:
            if stamp != self._stamp:
                self._graphs.clear()
                self._stamp = stamp

    def _compiled(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what was made under this key; make it the first time."""
        with self._lock:
            graph = self._graphs.pop(key, None)
            if graph is None:
                graph = make()
                self.traces += 1
            self._graphs[key] = graph  # the last one used stands last
            if len(self._graphs) > _MOST_GRAPHS:
                del self._graphs[next(iter(self._graphs))]
            return graph

    def _check(self, target: Target, outline: outline_.Outline, batch: Batch, wrt: Sequence[int | str]) -> None:
        for what in wrt:
            if isinstance(what, int):
                if batch.arrays[what].dtype.kind != "f":
                    raise ValueError(
                        f"the model's input {batch.names[what]!r} takes integers ({batch.arrays[what].dtype}), which "
                        "have no gradient. Ask about the layer after it, or build the model with a float input."
                    )
                continue
            outline.single(what)

    def _forward(
        self, structure: Any, inputs: tuple[tf.Tensor, ...], paths: Sequence[str], see: Callable[[str, Any], None]
    ) -> dict[str, tf.Tensor]:
        """Call the model with layers tapped; inside a trace."""
        model = self._alive()
        with tap.tapped(model, paths, see):
            return tap.outputs_by_name(model, model(pack(structure, inputs), training=False))

    def _body(
        self, target: Target, wrt: tuple[int | str, ...], relu: str | None, finish: Finish | None, structure: Any
    ) -> Callable[[tuple[tf.Tensor, ...], Any], dict[str, Any]]:
        """Return what is compiled for one form of target and one wiring."""
        paths = [*target.layers, *(what for what in wrt if isinstance(what, str))]

        def body(inputs: tuple[tf.Tensor, ...], feed: Any) -> dict[str, Any]:
            taps: dict[str, tf.Tensor] = {}
            content, scales = feed

            def score(watch: Callable[[tf.Tensor], None]) -> tuple[tf.Tensor, tap.Activations]:
                for what in wrt:
                    if isinstance(what, int):
                        watch(inputs[what])

                def see(path: str, output: tf.Tensor) -> None:
                    taps[path] = output
                    if path in wrt:
                        watch(output)

                acts = tap.Activations(inputs, taps, self._forward(structure, inputs, paths, see))
                return target.score(acts, content), acts

            if relu is None:
                # Variables are not watched: what lies below the lowest of `wrt` is neither recorded nor differentiated.
                with tf.GradientTape(watch_accessed_variables=False) as tape:
                    number, acts = score(tape.watch)
                    scaled = number * scales[0] if scales else number
                grads = tape.gradient(scaled, [_source(what, inputs, taps) for what in wrt])
            else:
                with relu_.rule(relu):
                    number, acts = score(lambda tensor: None)
                grads = tf.gradients(
                    number * scales[0] if scales else number, [_source(what, inputs, taps) for what in wrt]
                )
            for what, grad in zip(wrt, grads, strict=True):
                if grad is None:
                    source = f"layer {what!r}" if isinstance(what, str) else "the input"
                    raise ValueError(f"`target`: {target} does not depend on {source}.")
            found = tuple(_unscaled(tf.convert_to_tensor(grad), scales) for grad in grads)
            kept = {what: tf.cast(taps[what], tf.float32) for what in wrt if isinstance(what, str)}
            made = {"grads": found, "acts": kept} if finish is None else {"values": finish(found, kept)}
            logits = {"logits": acts.output(target.output)[0]} if target.output else {}
            return {"scores": number, **made, **logits}

        return body


def probe(model: keras.Model) -> Probe:
    """Return the probe of a model: one for as long as the model lives, with all that it has compiled.

    Ask for it at each call: it is here that a model which has been rebuilt is noticed.

    Raises:
        TypeError: `model` is no `keras.Model`.
    """
    layers_.check_model(model)
    with _PROBES_LOCK:
        room = _PROBES.get(model)
        if room is None:
            room = _PROBES[model] = Probe(model)
    room._renew(model)
    return room


_PROBES: weakref.WeakKeyDictionary[keras.Model, Probe] = weakref.WeakKeyDictionary()
_PROBES_LOCK = threading.Lock()


def _source(what: int | str, inputs: tuple[tf.Tensor, ...], taps: dict[str, tf.Tensor]) -> tf.Tensor:
    return inputs[what] if isinstance(what, int) else taps[what]


def _unscaled(grad: tf.Tensor, scales: tuple[tf.Tensor, ...]) -> tf.Tensor:
    """The gradient of each image in float32, its scale taken off, if there is one."""
    grad = tf.cast(grad, tf.float32)
    return grad / tf.reshape(scales[0], [-1, *[1] * (grad.shape.rank - 1)]) if scales else grad
