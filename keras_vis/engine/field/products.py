"""Along which axes does a product of two tensors sum, and where do the others go?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import tensorflow as tf

from keras_vis.engine.field.spans import Span


def letters(op: tf.Operation) -> tuple[list[str], str]:
    """Return the axes of both operands of a product, and of what comes out, a letter each."""
    ranks = [tensor.shape.rank for tensor in op.inputs]
    if op.type == "Einsum":
        ends, goal = op.get_attr("equation").decode().replace(" ", "").split("->")
        parts = ends.split(",")
        wide = [rank - len(labels.replace("...", "")) for labels, rank in zip(parts, ranks, strict=True)]
        most = "".join(map(chr, range(0x3B1, 0x3B1 + max(wide))))
        parts = [labels.replace("...", most[len(most) - extra :]) for labels, extra in zip(parts, wide, strict=True)]
        return parts, goal.replace("...", most)
    marks = ("transpose_a", "transpose_b") if op.type == "MatMul" else ("adj_x", "adj_y")
    turned = [op.get_attr(mark) for mark in marks]
    most = "".join(map(chr, range(0x3B1, 0x3B1 + max(ranks) - 2)))
    parts = [
        most[len(most) - rank + 2 :] + (pair[::-1] if flip else pair)
        for rank, flip, pair in zip(ranks, turned, ("ij", "jk"), strict=True)
    ]
    return parts, most + "ik"


def relabelled(part: Span, labels: str, goal: str) -> Span:
    """Return the span of an operand of a product on the axes of what comes out."""
    part = part.aligned(len(labels))
    summed = [i for i, label in enumerate(labels) if label not in goal]
    part = part.merged(summed, keep=False)
    left = [label for label in labels if label in goal]
    grid = None if part.grid is None else replace(part.grid, axis=goal.index(left[part.grid.axis]))
    order = sorted(range(len(left)), key=lambda i: goal.index(left[i]))
    gaps = [i for i, label in enumerate(goal) if label not in left]

    def arranged(values: np.ndarray) -> np.ndarray:
        return np.expand_dims(values.transpose(order), gaps)

    return Span(arranged(part.low), arranged(part.high), grid)
