"""What are the steps of the demo called, and which are asked for?

Apart from what draws them: the command line knows its words before TensorFlow is there.
"""

from __future__ import annotations

import difflib

# 1 is the training of the net itself.
STEPS = {
    "data": "0: what goes in",
    "structure": "2: the layers, and how they are connected",
    "filters": "3: the weights of the first convolution",
    "maximisation": "4: what the net wants to see",
    "occlusion": "5: what must not be covered",
    "saliency": "6: which pixels matter: plain, guided, deconvolution and their relatives",
    "class_activation_maps": "7: where a layer sees what speaks for the digit",
    "imagination": "beyond: what layers have kept, dreams, noise and changed digits that deceive",
    "feature_maps": "beyond: what each layer makes of a digit",
    "units": "beyond: dead units, what excites one most, which concepts they answer to",
    "codes": "beyond: which digits are alike to the net",
    "mistakes": "beyond: where it fails, and whether it agrees with the labels",
}


def chosen(text: str) -> tuple[str, ...]:
    """Read the names of steps, as ``structure,saliency``.

    Args:
        text: names between commas.

    Returns:
        The steps, in the order in which they are drawn.

    Raises:
        ValueError: a name is none of a step; or there is none.
    """
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in STEPS:
            near = difflib.get_close_matches(name, STEPS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"{name!r} is no step.{hint} There are: {', '.join(STEPS)}")
    if not names:
        raise ValueError(f"names no step; there are: {', '.join(STEPS)}")
    return tuple(step for step in STEPS if step in names)


def step_of(picture: str) -> str:
    """Which step a picture belongs to: ``5_occlusion/scores`` is of ``occlusion``."""
    return picture.partition("/")[0].partition("_")[2]
