"""See what a Keras network sees.

    import keras_vis as kv

    kv.grad_cam(model, images, 3)  # in a notebook: the cell shows it
    model.fit(x, y, callbacks=[kv.callbacks.GradCAM(x_val[:16])])  # writes vis/index.html

Methods are functions ``(model, data, what, *, options)``; each returns a `Picture`, which holds raw numbers and can
draw and save itself.

- How is the net made? `summary_table`, `plot_structure`, `open_in_netron`, `filters`, `weight_histograms`,
  `export_weights`
- What goes in, and what is made of it? `inspect_images`, `top_predictions`, `accuracy_by`, `compare_raters`
- What does a layer do? `feature_maps`, `unit_census`, `top_patches`, `receptive_field`, `dissect`, `digit_concepts`,
  `correspondence`, `codes`, `embed_codes`
- Which pixels? `saliency`, `smooth_grad`, `smooth`, `input_x_gradient`, `integrated_gradients`, `guided_backprop`,
  `deconvnet`, `occlusion`, `rise`
- Which regions? `grad_cam`, `grad_cam_plus_plus`, `layer_cam`, `score_cam`, `guided_grad_cam`, `gap_cam`,
  `with_gap_head`
- Which image would it like? `activation_maximization`, `deep_dream`, `inversion`, `adversarial`,
  `adversarial_accuracy`, `fooling_image`; moved on the way by `Transform`: `Jitter`, `Rotate`, `Scale`
- What is asked about, a `Target`: `Logit`, `Probability`, `LogOdds`, `CrossEntropy`, `Region`, `Channel`, `Neuron`,
  `StrongestNeuron`, `Energy`, `Likeness`, `Diversity`, `Norm`, `TotalVariation`
- What comes back, a `Picture`: `HeatMaps`, `Comparison`, `Images`, `Gallery`, `Ascent`, `FeatureMaps`, `Chart`,
  `Diagram`, `Table`; and a `ReceptiveField`
- While it trains: `callbacks`, and `EpochVisualizer` for a function of your own; `report` for what they wrote

The house, from the ground up:

    engine/    runs the model: what is fed, asked, tapped, differentiated
    measure/   what arrays say by themselves: quantiles, overlaps, neighbours; knows no model
    draw/      makes pixels of numbers; knows no model
    picture    numbers that can draw themselves
    methods/   what to compute, one file for each idea
    callbacks  when to draw while a network trains
    report     the page of a run, the film of its epochs
    compat     the calls of keras-vis and tf-explain, translated
    cli        what can be asked from a terminal
"""

from __future__ import annotations

import sys

if sys.argv[:1] == ["-m"]:  # `python -m keras_vis` is being found: what stands on its stderr is its own
    from keras_vis.cli.start import load_keras_quietly

    load_keras_quietly()

import keras

__version__ = "0.1.0"

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        f"keras_vis needs Keras to run on TensorFlow; its backend is {keras.backend.backend()!r}. Set the environment "
        "variable KERAS_BACKEND=tensorflow before Keras is first imported."
    )

from keras_vis import callbacks, report
from keras_vis.callbacks import EpochVisualizer
from keras_vis.engine.field import ReceptiveField
from keras_vis.engine.loss import CrossEntropy, LogOdds
from keras_vis.engine.penalties import Norm, TotalVariation
from keras_vis.engine.region import Region
from keras_vis.engine.target import Logit, Probability, Target
from keras_vis.engine.transforms import Jitter, Rotate, Scale, Transform
from keras_vis.engine.units import Channel, Diversity, Energy, Likeness, Neuron, StrongestNeuron
from keras_vis.methods.accuracy import accuracy_by
from keras_vis.methods.adversarial import adversarial, adversarial_accuracy, fooling_image
from keras_vis.methods.backprop import deconvnet, guided_backprop
from keras_vis.methods.cam import grad_cam, grad_cam_plus_plus, guided_grad_cam, layer_cam
from keras_vis.methods.census import unit_census
from keras_vis.methods.codes import codes, embed_codes
from keras_vis.methods.correspondence import correspondence
from keras_vis.methods.digit_concepts import digit_concepts
from keras_vis.methods.dissection import dissect
from keras_vis.methods.features import feature_maps, top_predictions
from keras_vis.methods.filters import filters
from keras_vis.methods.gap import gap_cam, with_gap_head
from keras_vis.methods.gradients import input_x_gradient, integrated_gradients, saliency, smooth, smooth_grad
from keras_vis.methods.inspection import inspect_images
from keras_vis.methods.occlusion import occlusion, rise
from keras_vis.methods.patches import receptive_field, top_patches
from keras_vis.methods.raters import compare_raters
from keras_vis.methods.score_cam import score_cam
from keras_vis.methods.structure import open_in_netron, plot_structure, summary_table
from keras_vis.methods.synthesis import activation_maximization, deep_dream, inversion
from keras_vis.methods.weights import export_weights, weight_histograms
from keras_vis.picture import (
    Ascent,
    Chart,
    Comparison,
    Diagram,
    FeatureMaps,
    Gallery,
    HeatMaps,
    Images,
    Picture,
    Table,
)

__all__ = [
    "Ascent",
    "Channel",
    "Chart",
    "Comparison",
    "CrossEntropy",
    "Diagram",
    "Diversity",
    "Energy",
    "EpochVisualizer",
    "FeatureMaps",
    "Gallery",
    "HeatMaps",
    "Images",
    "Jitter",
    "Likeness",
    "LogOdds",
    "Logit",
    "Neuron",
    "Norm",
    "Picture",
    "Probability",
    "ReceptiveField",
    "Region",
    "Rotate",
    "Scale",
    "StrongestNeuron",
    "Table",
    "Target",
    "TotalVariation",
    "Transform",
    "accuracy_by",
    "activation_maximization",
    "adversarial",
    "adversarial_accuracy",
    "callbacks",
    "codes",
    "compare_raters",
    "correspondence",
    "deconvnet",
    "deep_dream",
    "digit_concepts",
    "dissect",
    "embed_codes",
    "export_weights",
    "feature_maps",
    "filters",
    "fooling_image",
    "gap_cam",
    "grad_cam",
    "grad_cam_plus_plus",
    "guided_backprop",
    "guided_grad_cam",
    "input_x_gradient",
    "inspect_images",
    "integrated_gradients",
    "inversion",
    "layer_cam",
    "occlusion",
    "open_in_netron",
    "plot_structure",
    "receptive_field",
    "report",
    "rise",
    "saliency",
    "score_cam",
    "smooth",
    "smooth_grad",
    "summary_table",
    "top_patches",
    "top_predictions",
    "unit_census",
    "weight_histograms",
    "with_gap_head",
]


def __dir__() -> list[str]:
    """What tab completion offers: the public names alone."""
    return [*__all__, "__version__"]
