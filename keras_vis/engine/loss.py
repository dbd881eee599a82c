"""How far is the model from saying a class, as a loss has it?"""

from __future__ import annotations

import tensorflow as tf

from keras_vis.engine.tap import Activations
from keras_vis.engine.target import Feed, Names, Probability, pick, predicted


class LogOdds(Probability):
    """The log odds of a class, log p/(1 − p). Arguments as for `Logit`.

    After a softmax it is the class's logit less the logarithm of the sum of the others' exponentials; after a sigmoid
    it is the class's logit. It rises and falls with the probability and, however sure the model is, has a gradient: a
    probability of 1 − 1e-9 is 1 in float32, and has none.

    Example:
        >>> kv.occlusion(model, digits[:1], kv.LogOdds(3), patch=7)
    """

    def score(self, acts: Activations, feed: Feed) -> tf.Tensor:
        """Return each image's log odds of its class."""
        logits, head = acts.output(self.output or "")
        index = predicted(logits, feed[0])
        logit = pick(logits, index)
        if head == "sigmoid":
            return logit
        own = tf.one_hot(index, tf.shape(logits)[1], on_value=True, off_value=False, dtype=tf.bool)
        others = tf.where(own, tf.fill(tf.shape(logits), logits.dtype.min), logits)
        return logit - tf.reduce_logsumexp(others, axis=1)

    def describe(self, names: Names) -> str:
        """Return which class's, and say it as it is read."""
        return super().describe(names).replace("logodds", "log odds")


class CrossEntropy(LogOdds):
    """Minus the logarithm of the probability of a class: what most classifiers are trained to lower.

    Arguments as for `Logit`. It is log(1 + exp(−log odds)), which keeps its digits, and those of its gradient, where
    the probability rounds to 1. After sigmoids it is that of the class alone, whatever is said of the others.

    Example:
        >>> kv.saliency(model, digits[:4], kv.CrossEntropy(3))  # which pixels raise the loss
    """

    def score(self, acts: Activations, feed: Feed) -> tf.Tensor:
        """Return each image's cross-entropy with its class."""
        return tf.nn.softplus(-super().score(acts, feed))

    def describe(self, names: Names) -> str:
        """Return with which class, and say it as it is read."""
        return super().describe(names).replace("crossentropy of", "cross-entropy with")
