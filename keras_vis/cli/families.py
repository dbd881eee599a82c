"""Is a model one of `keras.applications`, or does it hold one?

Told by what Keras itself calls models and layers. Either alone may be somebody else's: names are free.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras

from keras_vis.engine import layers

# Of each family what Keras calls its models, and layers near the input that no other has; vgg19 has those of vgg16.
_KNOWN = {
    "convnext": (r"convnext_(tiny|small|base|large|xlarge)", (r"\w+_stage_0_block_0_depthwise_conv",)),
    "densenet": (r"densenet(121|169|201)", ("conv1_conv", "conv2_block1_concat")),
    "efficientnet": (r"efficientnetb[0-7]", ("stem_conv", "block1a_dwconv")),
    "efficientnet_v2": (r"efficientnetv2-(b[0-3]|s|m|l)", ("stem_conv", "block4a_dwconv2")),
    "inception_resnet_v2": (r"inception_resnet_v2", ("mixed_5b", "block35_1_mixed")),
    "inception_v3": (r"inception_v3", ("mixed0", "mixed1")),
    "mobilenet": (r"mobilenet_\d\.\d\d_\w+", ("conv_dw_1", "conv_pw_1")),
    "mobilenet_v2": (r"mobilenetv2_\d\.\d\d_\w+", ("Conv1", "expanded_conv_depthwise")),
    "mobilenet_v3": (r"MobileNetV3(Small|Large)", ("conv", "expanded_conv_depthwise")),
    "nasnet": (r"NASNet|nasnet_(mobile|large)", ("stem_conv1", "stem_bn1")),
    "resnet": (r"resnet(50|101|152)", ("conv1_conv", "conv1_bn", "conv2_block1_0_conv")),
    "resnet_v2": (r"resnet(50|101|152)v2", ("conv1_conv", "conv2_block1_preact_bn")),
    "vgg19": (r"vgg19", ("block1_conv1", "block2_conv2", "block3_conv4")),
    "vgg16": (r"vgg16", ("block1_conv1", "block2_conv2")),
    "xception": (r"xception", ("block1_conv1", "block2_sepconv1")),
}


@dataclass(frozen=True)
class Kin:
    """What of `keras.applications` is in a model.

    Attributes:
        family: its module's name.
        holder: the model, or the one inside it.
        named: whether Keras gives such names.
        built: whether it has the family's layers.
    """

    family: str
    holder: keras.Model
    named: bool
    built: bool


def names() -> list[str]:
    """Return the families of `keras.applications`, each with a `preprocess_input`."""
    found = [name for name in dir(keras.applications) if name != "imagenet_utils"]  # what they share
    return [name for name in found if hasattr(module(name), "preprocess_input")]


def module(name: str) -> Any:
    """Return a family's module, or None."""
    try:
        return importlib.import_module(f"keras.applications.{name}")
    except ImportError:
        return None


def kin(model: keras.Model) -> Kin | None:
    """Return the first family that a model, or a model inside it, has the layers or else the name of."""
    inside = [layer for layer in layers.flatten(model).values() if isinstance(layer, keras.Model)]
    found = [each for holder in (model, *inside) for each in _of(holder)]
    return next((each for each in found if each.built), found[0] if found else None)


def _of(holder: keras.Model) -> Iterator[Kin]:
    own = [layer.name for layer in holder.layers]
    for family, (name, wanted) in _KNOWN.items():
        named = re.fullmatch(name, holder.name) is not None
        built = all(any(re.fullmatch(pattern, layer) for layer in own) for pattern in wanted)
        if named or built:
            yield Kin(family, holder, named, built)
