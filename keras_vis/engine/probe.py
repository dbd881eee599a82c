"""What happens inside a model when it looks at images? The one room that runs models.

    probe(model).run(images, target, wrt=(0,), relu=None, finish=None) -> Pass(scores, grads, acts, logits)
    probe(model).ask(images, target) -> Pass(scores, logits), and the target settled on these images
    probe(model).versions(images, target, variants) -> the target's number for each version of each image, and its class
    probe(model).activations(images, layers, finish=None) -> dict, or what `finish` makes of it

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
from keras_vis.engine import reach as reach_
from keras_vis.engine import relu as relu_
from keras_vis.engine import tap
from keras_vis.engine.batch import Batch, pack, take
from keras_vis.engine.calls import Calls
from keras_vis.engine.graph import Graph, form, specs
from keras_vis.engine.settled import Settled
from keras_vis.engine.stamp import stamp_of
from keras_vis.engine.target import Target, as_target
from keras_vis.engine.variants import Variants, gather, spread

# Half floats lose what lies below 6e-8, and end at 65,504: the score is differentiated times the first of these with
# which the gradient stays finite. A power of two is taken off again without rounding.
HALF_SCALES = (1024.0, 1.0, 1.0 / 1024.0)
# Targets whose forms never repeat, or images of ever new sizes, would fill the memory with graphs.
_MOST_GRAPHS = 64


Finish = Callable[[tuple[Any, ...], Mapping[str, Any]], Any]
Tally = Callable[[Any, Any, Any], Any]


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
        instead: its number for each of the images that were asked about in place of these, ``(n,)``.
        unreached: paths of the layers on the way that pass back something else than the backward rule says.
    """

    target: Target
    head: str
    scores: np.ndarray
    grads: tuple[np.ndarray, ...] = ()
    acts: Mapping[str, np.ndarray] = field(default_factory=dict)
    values: np.ndarray | None = None
    logits: np.ndarray | None = None
    instead: np.ndarray | None = None
    unreached: tuple[str, ...] = ()


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
        return self.compiled(key, lambda: outline_.trace(self._alive(), ready, specs(ready.arrays)))

    def run(
        self,
        images: object,
        target: object = None,
        *,
        wrt: Sequence[int | str] = (0,),
        relu: str | None = None,
        finish: Finish | None = None,
        variants: Variants | None = None,
        batch: int | None = None,
        progress: bool | str = False,
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
            variants: versions of each image to run in its place; scores and gradients, or what `finish` makes of them,
                are the weighted sums over these.
            batch: images (or versions) that go through at once; the numbers do not depend on it.
            progress: whether a bar is shown where it takes longer than a second; a string is its name.

        Raises:
            TypeError, ValueError: see `take` and `as_target`; or the target does not depend on one of `wrt`.
        """
        model = self._alive()  # held until the run is over
        ready, size, outline, asked, kind = self._asked(images, target, batch)
        self._check(asked, outline, ready, wrt)
        # Only half floats need the scale; elsewhere it would cost a pass over every gradient.
        half = any(layer.compute_dtype == "float16" for layer in model._flatten_layers())
        found: dict[str, Any] = {}
        for scale in HALF_SCALES if half else (None,):
            feed = _fed(asked, len(ready)), () if scale is None else (np.full(len(ready), scale, np.float32),)
            sample = (*feed, variants.sample() if variants else ())
            making = (variants.make, variants.which) if variants else None
            key = (
                "run",
                kind,
                ready.image,
                tuple(wrt),
                relu,
                finish,
                making,
                form(ready.arrays),
                form(keras.tree.flatten(sample)),
            )
            notes: list[str] = []
            body = self._body(kind, tuple(wrt), relu, finish, making, ready.structure, ready.image, notes)
            graph = self.compiled(key, functools.partial(_Ruled, notes, body, ready, sample))
            found = graph.through(ready, feed, size, _what(kind, progress), bool(progress), variants, summed=True)
            if all(np.isfinite(part).all() for part in (*found.get("grads", ()), found.get("values", 0))):
                break
        else:
            raise ValueError(f"`target`: the gradient of {asked} is not finite for model {model.name!r}.")
        return Pass(target=asked, head=_head(asked, outline), unreached=graph.unreached, **found)

    def ask(
        self, images: object, target: object = None, *, instead: Batch | None = None, batch: int | None = None
    ) -> tuple[Pass, Settled]:
        """Run images through the model, forward only; return the target's numbers, and the target settled on them.

        Args:
            images: what `take` accepts, or a `Batch`.
            target: what `as_target` accepts.
            instead: other images, one in place of each, whose numbers for the same target are wanted too.
            batch: images that go through at once; the numbers do not depend on it.

        Raises:
            TypeError, ValueError: see `take` and `as_target`; or the target compares images with each other, so that
                copies of one cannot stand in its place.
        """
        ready, size, outline, asked, kind = self._asked(images, target, batch)
        if not asked.alone:
            raise ValueError(f"`target`: {asked} compares the images of a batch, and cannot be asked of copies of one.")

        def body(inputs: tuple[tf.Tensor, ...], feed: Any) -> dict[str, Any]:
            # Both in one pass: a small net takes as long for two images as for one.
            content, others = feed
            n = tf.shape(inputs[0])[0]
            rows = tuple(tf.concat(pair, 0) for pair in zip(inputs, others, strict=True)) if others else inputs
            taps: dict[str, tf.Tensor] = {}
            outputs = self.forward(ready.structure, rows, kind.layers, taps.__setitem__)
            acts = tap.Activations(rows, taps, outputs, ready.image)

            def twice(part: tf.Tensor) -> tf.Tensor:
                return tf.concat([part, part], 0) if others else part

            settled = kind.settle(acts, keras.tree.map_structure(twice, content))
            settled = keras.tree.map_structure(lambda part: part[:n], settled)
            scores = tf.cast(kind.score(acts, keras.tree.map_structure(twice, settled)), tf.float32)
            logits = {"logits": acts.output(kind.output)[0][:n]} if kind.output else {}
            return {"scores": scores[:n], "instead": scores[n:] if others else (), "content": settled, **logits}

        feed = _fed(asked, len(ready)), () if instead is None else instead.arrays
        key = "ask", kind, ready.image, form(ready.arrays), form(keras.tree.flatten(feed))
        graph = self.compiled(key, lambda: Graph(body, ready, feed))
        size = size if instead is None else max(size // 2, 1)  # they go through two by two
        found = graph.through(ready, feed, size, type(kind).__name__, False)
        content, others = found.pop("content"), found.pop("instead")
        found["instead"] = None if instead is None else others
        _finite(asked, self._alive(), found["scores"], *(() if instead is None else (others,)))
        return Pass(target=asked, head=_head(asked, outline), **found), Settled(kind, content)

    def versions(
        self,
        images: object,
        target: object,
        variants: Variants,
        *,
        tally: Tally | None = None,
        batch: int | None = None,
        progress: bool | str = False,
    ) -> tuple[np.ndarray, ...]:
        """Run versions of each image through the model, forward only.

        Args:
            images: what `take` accepts, or a `Batch`.
            target: what `as_target` accepts.
            variants: the versions.
            tally: what to make of a version's number, ``(scores (r,), images, each) -> (r, ...)``, a module's own
                function; its weighted sum over the versions is then returned alone, ``(n, ...)``.
            batch: versions that go through at once; the numbers do not depend on it.
            progress: whether a bar is shown where it takes longer than a second; a string is its name.

        Returns:
            The target's number for each version of each image, ``(n, m)``, and the class that is predicted of it,
            ``(n, m)``, or −1 where the target reads no vector of classes.

        Raises:
            TypeError, ValueError: see `run`.
        """
        ready, _, _, asked, kind = self._asked(images, target, batch)
        size = ready.at_once(batch, forward=True)

        def body(inputs: tuple[tf.Tensor, ...], feed: Any) -> tuple[tf.Tensor, ...]:
            content, given = feed
            rows = spread(variants.make, variants.which, inputs, given)
            content = keras.tree.map_structure(lambda part: tf.gather(part, given[-1]), content)
            taps: dict[str, tf.Tensor] = {}
            outputs = self.forward(ready.structure, rows, kind.layers, taps.__setitem__)
            acts = tap.Activations(rows, taps, outputs, ready.image)
            scores = tf.cast(kind.score(acts, content), tf.float32)
            if tally is not None:
                _, each, weights, owner = given
                found = tally(scores, rows[variants.which], each)
                return (gather(found, weights, owner, tf.shape(inputs[0])[0]),)
            logits = acts.output(kind.output)[0] if kind.output else None
            if logits is None or logits.shape.rank != 2 or logits.shape[-1] == 1:
                return scores, -tf.ones_like(scores, tf.int32)
            return scores, tf.argmax(logits, axis=-1, output_type=tf.int32)

        feed = _fed(asked, len(ready))
        sample = feed, variants.sample()
        making = variants.make, variants.which
        key = "versions", kind, ready.image, making, tally, form(ready.arrays), form(keras.tree.flatten(sample))
        graph = self.compiled(key, lambda: Graph(body, ready, sample))
        found = graph.through(
            ready, feed, size, _what(kind, progress), bool(progress), variants, summed=tally is not None
        )
        _finite(asked, self._alive(), found[0])
        return tuple(found)

    def activations(
        self,
        images: object,
        layers: Sequence[str],
        *,
        finish: Callable[[Mapping[str, Any]], Any] | None = None,
        batch: int | None = None,
        progress: bool | str = False,
    ) -> Any:
        """Run images through the model, and return what the layers at these paths give, float32, by path.

        Args:
            images: what `take` accepts, or a `Batch`.
            layers: paths.
            finish: what to make of them before they leave the device, in `keras.ops`, one row for each image; it
                becomes part of the graph, so it must be the same function each time. That is then returned.
            batch: images that go through at once; the numbers do not depend on it.
            progress: whether a bar is shown where it takes longer than a second.
        """
        ready = self._take(images)
        size = ready.at_once(batch)
        outline = self._outline(ready)
        for layer in layers:
            outline.single(layer)
        wanted = tuple(layers)

        def body(inputs: tuple[tf.Tensor, ...], feed: Any) -> Any:
            del feed
            taps: dict[str, tf.Tensor] = {}
            self.forward(ready.structure, inputs, wanted, taps.__setitem__)
            acts = {path: tf.cast(taps[path], tf.float32) for path in wanted}
            return acts if finish is None else finish(acts)

        graph = self.compiled(("activations", wanted, finish, form(ready.arrays)), lambda: Graph(body, ready))
        return graph.through(ready, (), size, "activations", bool(progress))

    def outputs(
        self, images: object, *, batch: int | None = None, progress: bool | str = False
    ) -> dict[str, tuple[np.ndarray, str]]:
        """Run images through the model, and return each output's logits, float32, and its head, by the output's name.

        The logits of an output without softmax and sigmoid are the output itself; a single sigmoid has two classes.
        """
        ready = self._take(images)
        size = ready.at_once(batch)
        ends = self._outline(ready).outputs

        def body(inputs: tuple[tf.Tensor, ...], feed: Any) -> dict[str, tf.Tensor]:
            del feed
            acts = tap.Activations(inputs, {}, self.forward(ready.structure, inputs, (), lambda path, output: None))
            return {name: acts.output(name)[0] for name in ends}

        graph = self.compiled(("outputs", form(ready.arrays)), lambda: Graph(body, ready))
        logits = graph.through(ready, (), size, "outputs", bool(progress))
        return {name: (logits[name], ends[name].head) for name in ends}

    def _alive(self) -> keras.Model:
        model = self._model()
        if model is None:
            raise ReferenceError("the model of this probe is gone; call probe(model) with one that lives.")
        return model

    def _asked(
        self, images: object, target: object, batch: int | None
    ) -> tuple[Batch, int, outline_.Outline, Target, Target]:
        """Return what came in and in what pieces, what is in the model, the target, and that of its form."""
        ready = self._take(images)
        size = ready.at_once(batch)
        outline = self._outline(ready)
        asked = as_target(target, outline, len(ready))
        if not asked.alone and len(ready) > size:
            raise ValueError(
                f"`target`: {asked} compares the images of a batch: {len(ready)} images need `batch` ≥ {len(ready)}."
            )
        return ready, size, outline, asked, asked.asked if isinstance(asked, Settled) else asked

    def _take(self, images: object) -> Batch:
        return images if isinstance(images, Batch) else take(self._alive(), images)

    def _renew(self, model: keras.Model) -> None:
        """Forget what was compiled, if the model has been rebuilt since."""
        stamp = stamp_of(model)
        with self._lock:
            if stamp != self._stamp:
                self._graphs.clear()
                self._stamp = stamp

    def compiled(self, key: Hashable, make: Callable[[], Any]) -> Any:
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
                batch.floats(what)
                continue
            outline.single(what)

    def forward(
        self,
        structure: Any,
        inputs: tuple[tf.Tensor, ...],
        paths: Sequence[str],
        see: Callable[[str, Any], None],
        note: tap.Note | None = None,
        *,
        resized: bool = False,
    ) -> dict[str, tf.Tensor]:
        """Call the model with layers tapped; inside a trace.

        Args:
            structure: how the model takes its inputs.
            inputs: the tensors.
            paths: of the layers that are tapped.
            see: called with the path and the output of each.
            note: see `tap.tapped`.
            resized: whether the images may be of another size than the model was made for. What cannot be computed of
                such a size then, as a dense layer on flattened maps, is left out, if all of `paths` have been seen.
        """
        model = self._alive()
        seen: set[str] = set()

        def tapped(path: str, output: Any) -> None:
            seen.add(path)
            see(path, output)

        with tap.tapped(model, paths, tapped, note, any_size=resized):
            try:
                return tap.outputs_by_name(model, model(pack(structure, inputs), training=False))
            except (ValueError, TypeError, tf.errors.InvalidArgumentError):
                if resized and paths and seen >= set(paths):
                    return {}
                raise

    def _body(
        self,
        target: Target,
        wrt: tuple[int | str, ...],
        relu: str | None,
        finish: Finish | None,
        making: tuple[Any, int] | None,
        structure: Any,
        image: int,
        unreached: list[str],
    ) -> Callable[[tuple[tf.Tensor, ...], Any], dict[str, Any]]:
        """Return what is compiled for one form of target and one wiring; tracing it fills `unreached`."""
        paths = [*target.layers, *(what for what in wrt if isinstance(what, str))]

        def body(inputs: tuple[tf.Tensor, ...], feed: Any) -> dict[str, Any]:
            taps: dict[str, tf.Tensor] = {}
            content, scales, rows = feed
            count = tf.shape(inputs[0])[0]
            calls = None if relu is None else Calls(self._alive().name)
            if making is not None:
                inputs = spread(*making, inputs, rows)
                content, scales = keras.tree.map_structure(lambda part: tf.gather(part, rows[-1]), (content, scales))

            def score(watch: Callable[[tf.Tensor], None]) -> tuple[tf.Tensor, tap.Activations]:
                for what in wrt:
                    if isinstance(what, int):
                        watch(inputs[what])

                def see(path: str, output: tf.Tensor) -> None:
                    taps[path] = output
                    if path in wrt:
                        watch(output)

                outputs = self.forward(structure, inputs, paths, see, calls)
                acts = tap.Activations(inputs, taps, outputs, image)
                return tf.cast(target.score(acts, content), tf.float32), acts

            if relu is None or calls is None:
                # Variables are not watched: what lies below the lowest of `wrt` is neither recorded nor differentiated.
                with tf.GradientTape(watch_accessed_variables=False) as tape:
                    number, acts = score(tape.watch)
                    scaled = number * scales[0] if scales else number
                grads = tape.gradient(scaled, [_source(what, inputs, taps) for what in wrt])
            else:
                with relu_.rule(relu):
                    number, acts = score(lambda tensor: None)
                sources = [_source(what, inputs, taps) for what in wrt]
                grads = tf.gradients(number * scales[0] if scales else number, sources)
                unreached[:] = reach_.unreached(number, sources, calls, relu)
            for what, grad in zip(wrt, grads, strict=True):
                if grad is None:
                    source = f"layer {what!r}" if isinstance(what, str) else "the input"
                    raise ValueError(f"`target`: {target} does not depend on {source}.")
            found = tuple(_unscaled(tf.convert_to_tensor(grad), scales) for grad in grads)
            kept = {what: tf.cast(taps[what], tf.float32) for what in wrt if isinstance(what, str)}
            made = {"grads": found, "acts": kept} if finish is None else {"values": finish(found, kept)}
            made["scores"] = number
            if making is not None:
                _, _, weights, owner = rows
                return dict(keras.tree.map_structure(lambda part: gather(part, weights, owner, count), made))
            return {**made, "logits": acts.output(target.output)[0]} if target.output else made

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


class _Ruled(Graph):
    """A graph, and the layers in it that its backward rule does not reach: what its tracing has noted."""

    def __init__(self, notes: list[str], *args: Any) -> None:
        super().__init__(*args)
        self.unreached = tuple(notes)


def _what(kind: Target, progress: bool | str) -> str:
    return progress if isinstance(progress, str) else type(kind).__name__


def _finite(asked: Target, model: keras.Model, *numbers: np.ndarray) -> None:
    """Check what a target's numbers are.

    Raises:
        ValueError: one is NaN or infinite.
    """
    if not all(np.isfinite(part).all() for part in numbers):
        raise ValueError(f"`target`: the number of {asked} is not finite for model {model.name!r}.")


def _fed(asked: Target, n: int) -> Any:
    """What a target is fed, as arrays, whatever a target of one's own gives."""
    return keras.tree.map_structure(np.asarray, asked.feed(n))


def _head(asked: Target, outline: outline_.Outline) -> str:
    return outline.outputs[asked.output].head if asked.output else "linear"


def _source(what: int | str, inputs: tuple[tf.Tensor, ...], taps: dict[str, tf.Tensor]) -> tf.Tensor:
    return inputs[what] if isinstance(what, int) else taps[what]


def _unscaled(grad: tf.Tensor, scales: tuple[tf.Tensor, ...]) -> tf.Tensor:
    """The gradient of each image in float32, its scale taken off, if there is one."""
    grad = tf.cast(grad, tf.float32)
    return grad / tf.reshape(scales[0], [-1, *[1] * (grad.shape.rank - 1)]) if scales else grad
