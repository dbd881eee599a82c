"""How does one look inside a model while TensorFlow traces it?

Layers are tapped: their ``call`` is wrapped while the trace lasts, and put back. What was seen stays in the compiled
graph; the model keeps nothing.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from keras_vis.engine import layers

# Two traces at once would put back each other's wrappers.
_LOCK = threading.RLock()

# Operations that hand on the numbers of a softmax or sigmoid as they are, in another type or shape.
_CARRIERS = ("Identity", "StopGradient", "Cast", "Reshape", "Squeeze", "ExpandDims")
_HEADS = {"Softmax": "softmax", "Sigmoid": "sigmoid"}

Note = Callable[[str, bool], contextlib.AbstractContextManager[None]]


@contextlib.contextmanager
def tapped(
    model: keras.Model,
    paths: Iterable[str],
    see: Callable[[str, Any], None],
    note: Note | None = None,
    *,
    any_size: bool = False,
) -> Iterator[None]:
    """While this holds, call ``see(path, output)`` with what the layers at these paths give, each time they run.

    Where `note` is given, every layer, the model itself (path "") and every operation of a functional model that is no
    layer (``keras.ops.silu(x)``) runs within ``note(path, is_layer)``.

    What a layer would assign (a moving mean, the state of a seed) is not kept. A ``call`` that is a `tf.function` is
    opened, for nothing inside one can be seen. With `any_size`, models take images of other sizes than they were made
    for.
    """
    found = layers.flatten(model)
    wanted = set(paths)
    with _LOCK, contextlib.ExitStack() as undo:
        undo.enter_context(keras.StatelessScope())
        for path, layer in {"": model, **found}.items():
            # Keras calls another method of a layer whose weights are quantised.
            name = "call" if getattr(layer, "quantization_mode", None) is None else "quantized_call"
            opened = _opened(layer, name)
            if path in wanted or opened is not None or note is not None:
                seen = functools.partial(see, path) if path in wanted else None
                around = note and functools.partial(note, path, True)
                _wrap(undo, layer, name, opened or getattr(layer, name), seen, around)
            if any_size and isinstance(layer, keras.Model):
                # Keras holds the whole shape against it before any layer has seen the image.
                _set(undo, layer, "_assert_input_compatibility", lambda *args: None)
        if note is not None:
            for path, operation in _bare_operations({"": model, **found}).items():
                _wrap(undo, operation, "call", operation.call, None, functools.partial(note, path, False))
        yield


def _bare_operations(found: Mapping[str, keras.layers.Layer]) -> dict[str, keras.Operation]:
    """Return the operations of functional models that are no layers, by path."""
    bare: dict[int, tuple[str, keras.Operation]] = {}  # by id: one may stand in two models
    for path, layer in found.items():
        for operation in getattr(layer, "operations", ()) if isinstance(layer, keras.Model) else ():
            if not isinstance(operation, keras.layers.Layer):
                bare.setdefault(id(operation), (f"{path}/{operation.name}" if path else operation.name, operation))
    return dict(bare.values())


def _opened(layer: keras.layers.Layer, name: str) -> Callable[..., Any] | None:
    """Return the Python function inside a method that is a `tf.function`; None where it is none."""
    method = getattr(layer, name)
    if not hasattr(method, "python_function"):
        return None
    of_class = getattr(getattr(type(layer), name, None), "python_function", None)
    return method.python_function if name in vars(layer) or of_class is None else functools.partial(of_class, layer)


def _wrap(
    undo: contextlib.ExitStack,
    layer: keras.Operation,
    name: str,
    original: Callable[..., Any],
    see: Callable[[Any], None] | None,
    around: Callable[[], contextlib.AbstractContextManager[None]] | None,
) -> None:
    owner = threading.get_ident()

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        # Another thread may call the model meanwhile: it is none of our trace.
        ours = threading.get_ident() == owner
        with around() if around is not None and ours else contextlib.nullcontext():
            output = original(*args, **kwargs)
        if see is not None and ours:
            see(output)
        return output

    _set(undo, layer, name, wrapper)


def _set(undo: contextlib.ExitStack, layer: keras.Operation, name: str, value: Any) -> None:
    """Give a layer an attribute for as long as the stack lasts."""
    held, before = name in vars(layer), vars(layer).get(name)

    def restore() -> None:
        if held:
            object.__setattr__(layer, name, before)
        else:
            object.__delattr__(layer, name)

    # Past Keras's own __setattr__, which keeps track of what is set, and refuses it on a model that is built.
    object.__setattr__(layer, name, value)
    undo.callback(restore)


def outputs_by_name(model: keras.Model, outputs: Any) -> dict[str, tf.Tensor]:
    """Return a model's outputs by name: a dict's keys, else the names Keras knows, else their numbers."""
    if isinstance(outputs, dict) and all(tf.is_tensor(output) for output in outputs.values()):
        return dict(outputs)
    flat = keras.tree.flatten(outputs)
    names = getattr(getattr(model, "_functional", None) or model, "output_names", None) or []
    if len(names) != len(flat) or len(set(names)) != len(flat):
        names = [f"output_{i}" for i in range(len(flat))]
    return dict(zip(names, flat, strict=True))


def find_head(output: tf.Tensor) -> tuple[tf.Tensor, str]:
    """Return what went into the softmax or sigmoid that an output ends in, and which it was.

    The graph is asked, not Keras: it sees an ``activation=``, a layer, ``tf.nn.softmax`` in a ``Lambda`` and what lies
    in a nested model alike. The second value is ``"softmax"``, ``"sigmoid"`` or, where there is neither and the output
    itself is returned, ``"linear"``.
    """
    tensor = output
    while tensor.op.type in _CARRIERS and _same_rows(tensor.op.inputs[0], tensor):
        tensor = tensor.op.inputs[0]
    head = _HEADS.get(tensor.op.type, "linear")
    return (output, head) if head == "linear" else (tensor.op.inputs[0], head)


def _same_rows(before: tf.Tensor, after: tf.Tensor) -> bool:
    """Tell whether a reshape leaves each image's classes as they are: a softmax over groups of them is no head."""
    a, b = before.shape, after.shape
    if a == b:
        return True
    known = a.rank and b.rank and None not in a[1:] and None not in b[1:]
    return bool(known and a[-1] == b[-1] and a[1:].num_elements() == b[1:].num_elements())


class Activations:
    """What a target may look at in one forward pass: the inputs, the tapped layers, the outputs; all float32.

    Attributes:
        inputs: the model's inputs, ``(n, ...)`` each.
        image: the one that is looked at, ``(n, h, w, c)``.
    """

    def __init__(
        self,
        inputs: tuple[tf.Tensor, ...],
        taps: Mapping[str, tf.Tensor],
        outputs: Mapping[str, tf.Tensor],
        image: int | tf.Tensor = 0,
    ):
        self.inputs = inputs
        shown = inputs[image] if isinstance(image, int) else image
        self.image = shown[..., None] if shown.shape.rank == 3 else shown
        self._taps = taps
        self._outputs = outputs

    def __getitem__(self, layer: str) -> tf.Tensor:
        """What the layer at this path gave, ``(n, ..., k)``."""
        return tf.cast(self._taps[layer], tf.float32)

    def output(self, name: str) -> tuple[tf.Tensor, str]:
        """The logits ``(n, classes)`` of an output, and its head as `find_head` has it.

        A single sigmoid has two classes: 1 with the logit, 0 with minus the logit.
        """
        output = self._outputs[name]
        before, head = find_head(output)
        before = tf.cast(before, tf.float32)
        if before.shape.rank != output.shape.rank:  # a reshape stands between the activation and the output
            before = tf.reshape(before, tf.shape(output))
        before.set_shape(output.shape)
        if head == "sigmoid" and before.shape[-1] == 1:
            before = tf.concat([-before, before], axis=-1)
        return before, head
