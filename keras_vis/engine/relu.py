"""What does a rectifier pass back? The backward rules of guided backpropagation and of the deconvolution network.

The rules are set on TensorFlow's operations, not on layers, so that they see every rectifier: an
``activation="relu"``, a ``ReLU`` layer, ``keras.ops.relu``, ``tf.nn.relu`` in a ``Lambda`` or in a subclassed
``call``, and ReLU6. They act while a graph is traced and only on gradients that `tf.gradients` takes;
`tf.GradientTape` does not look at them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import tensorflow as tf

RECTIFIERS = ("Relu", "Relu6")
_ACTED_ON = "keras_vis rectifiers"  # a collection of the graph


def _guided(op: tf.Operation, grad: tf.Tensor) -> tf.Tensor:
    op.graph.add_to_collection(_ACTED_ON, op)
    # Springenberg et al. 2014, figure 1: pass where the forward input and the backward signal are both positive.
    return tf.where(_open(op) & (grad > 0), grad, tf.zeros_like(grad))


def _deconv(op: tf.Operation, grad: tf.Tensor) -> tf.Tensor:
    op.graph.add_to_collection(_ACTED_ON, op)
    # Zeiler & Fergus 2013, arXiv:1311.2901, section 2.1: the backward signal itself is rectified, wherever the forward
    # input lay.
    return tf.nn.relu(grad)


def _revive(op: tf.Operation, grad: tf.Tensor) -> tf.Tensor:
    plain = tf.where(_open(op), grad, tf.zeros_like(grad))
    # Where all of an image's gradient dies here, what would raise the input is let through: as in Lucid's redirected
    # rectifiers (misc/redirected_relu_grad). Of ReLU6 what lies above 6 is let down in the same way.
    kept = (grad > 0) | (op.inputs[0] > 0)
    if op.type == "Relu6":
        kept = tf.where(op.inputs[0] < 6, kept, grad < 0)
    raised = tf.where(kept, grad, tf.zeros_like(grad))
    over = list(range(1, grad.shape.rank))
    dead = tf.reduce_all(tf.equal(plain, 0), axis=over, keepdims=True)
    return tf.where(dead, raised, plain)


def _open(op: tf.Operation) -> tf.Tensor:
    """Where the forward pass let the input through: above 0 and, for ReLU6, below 6."""
    x = op.inputs[0]
    return (x > 0) & (x < 6) if op.type == "Relu6" else x > 0


_REGISTERED = {"guided": "KerasVisGuided", "deconv": "KerasVisDeconv", "revive": "KerasVisRevive"}
for _name, _rule in zip(_REGISTERED.values(), (_guided, _deconv, _revive), strict=True):
    # A notebook that reloads this module registers a second time; TensorFlow forbids that, and the first is as good.
    with contextlib.suppress(KeyError):
        tf.RegisterGradient(_name)(_rule)


@contextlib.contextmanager
def rule(name: str) -> Iterator[None]:
    """While this holds, every rectifier put into the present graph gets the named backward rule."""
    graph = tf.compat.v1.get_default_graph()
    with graph.gradient_override_map(dict.fromkeys(RECTIFIERS, _REGISTERED[name])):
        yield


def acted_on(graph: tf.Graph) -> set[tf.Operation]:
    """Return the rectifiers of a graph on which a rule has acted, once gradients have been taken."""
    return set(graph.get_collection(_ACTED_ON))
