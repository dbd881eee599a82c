"""Is what is said of a net true of every network of `keras.applications`? Each is built once for all of it."""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest

from keras_vis.engine.probe import probe
from keras_vis.engine.sight import Sight
from keras_vis.methods import structure
from keras_vis.methods.structure import plot_structure, summary_table

# The last map of each: what its global pooling (or its first dense layer) gets. Of ConvNeXt that is a sum which is no
# layer (`x = inputs + x`), and so the last part of the sum that is one.
FAMILIES = {
    "ConvNeXtTiny": "convnext_tiny_stage_3_block_2_layer_scale",
    "DenseNet121": "relu",
    "EfficientNetB0": "top_activation",
    "EfficientNetV2B0": "top_activation",
    "InceptionResNetV2": "conv_7b_ac",
    "InceptionV3": "mixed10",
    "MobileNet": "conv_pw_13_relu",
    "MobileNetV2": "out_relu",
    "MobileNetV3Large": "activation_19",
    "MobileNetV3Small": "activation_17",
    "NASNetMobile": "activation_187",
    "ResNet50": "conv5_block3_out",
    "ResNet50V2": "post_relu",
    "VGG16": "block5_conv3",
    "VGG19": "block5_conv4",
    "Xception": "block14_sepconv2_act",
}
SLOW = {
    **{
        f"ConvNeXt{size}": f"convnext_{size.lower()}_stage_3_block_2_layer_scale" for size in ("Small", "Base", "Large")
    },
    "ConvNeXtXLarge": "convnext_xlarge_stage_3_block_2_layer_scale",
    **dict.fromkeys(("DenseNet169", "DenseNet201"), "relu"),
    **{f"EfficientNetB{i}": "top_activation" for i in range(1, 8)},
    **{f"EfficientNetV2{size}": "top_activation" for size in ("B1", "B2", "B3", "S", "M", "L")},
    "NASNetLarge": "activation_259",
    **dict.fromkeys(("ResNet101", "ResNet152"), "conv5_block3_out"),
    **dict.fromkeys(("ResNet101V2", "ResNet152V2"), "post_relu"),
}
# Where 64 x 64 pixels are too few for the net, or for a last map of more than one position.
SIZES = {"InceptionV3": 107, "InceptionResNetV2": 107, "Xception": 71}


def test_every_application_is_tested():
    functions = {name for name in dir(keras.applications) if callable(getattr(keras.applications, name))}
    assert {*FAMILIES, *SLOW} == functions


@pytest.mark.parametrize("name", [*FAMILIES, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_the_table_the_plot_and_the_default_layer_of_an_application(name, monkeypatch):
    # what the weights are is not asked: drawing hundreds of millions of them takes most of a minute
    for kind in ("VarianceScaling", "TruncatedNormal", "RandomNormal"):
        zeros = lambda self, shape, dtype=None: keras.ops.zeros(shape, dtype)  # noqa: E731
        monkeypatch.setattr(getattr(keras.initializers, kind), "__call__", zeros)
    keras.utils.clear_session()  # or names would be numbered on from the last network's
    size = SIZES.get(name, 64)
    model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3))
    monkeypatch.setattr(structure.graph, "layout", lambda text: "")  # where the boxes come to stand is tested elsewhere
    check_table_and_plot(model)

    outline = probe(model).outline(np.zeros((1, size, size, 3)))
    path = Sight(outline).last()
    assert path == {**FAMILIES, **SLOW}[name]
    assert min(outline.layers[path].shape[:2]) > 1


def check_table_and_plot(model):
    """Hold them, whole, against what Keras has recorded."""
    table = summary_table(model)
    assert table.rows[-1][3] == model.count_params()
    tops = model.operations
    inner = {top.name: [layer.name for layer in top.layers] for top in tops if isinstance(top, keras.Sequential)}
    assert [path for path in table.column("path") if path[0] != " "] == [*(top.name for top in tops), "total"]
    boxes = [
        f"{top.name}/{name}" if top.name in inner else name for top in tops for name in inner.get(top.name, [top.name])
    ]
    text = plot_structure(model).dot  # by eye, not by pydot, which takes seconds for hundreds of lines
    assert re.findall(r'^ *"([^"]+)" \[label=', text, re.MULTILINE) == boxes
    inputs = sum(len(top._inbound_nodes[0].input_tensors) for top in tops)
    assert text.count(" -> ") == inputs + sum(len(names) - 1 for names in inner.values())
