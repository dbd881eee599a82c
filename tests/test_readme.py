"""Does every line of the README run?"""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_blocks_run(number, digits, tmp_path, monkeypatch):
    import keras_vis as kv
    from mnist_demo.net import tutorial_net

    monkeypatch.chdir(tmp_path)
    x, y = digits
    exec(BLOCKS[number], {"model": tutorial_net(), "x": x[:64], "y": y[:64], "kv": kv})
    made = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.png")}
    assert made == (
        {"three_not_eight.png"}
        if "save" in BLOCKS[number]
        else {
            *(f"vis/grad_cam/epoch-000{i}.png" for i in range(6)),
            *(f"vis/feature_maps-conv_2/epoch-000{i}.png" for i in (0, 2, 4, 5)),
            *(f"vis/top_predictions/epoch-000{i}.png" for i in range(6)),
        }
    )


def test_there_are_blocks_and_the_pictures_they_stand_beside():
    assert len(BLOCKS) == 2
    for file in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / file).is_file(), file


def test_every_public_function_and_callback_is_named():
    import inspect

    import keras_vis as kv

    for name in [*kv.__all__, *kv.callbacks.__all__]:
        thing = getattr(kv, name, None) or getattr(kv.callbacks, name)
        kind = inspect.isclass(thing) and issubclass(thing, kv.Target | kv.EpochVisualizer) and thing is not kv.Target
        if inspect.isfunction(thing) or kind:
            assert re.search(rf"`[^`]*\b{name}\b", README), name
