"""Does a training that goes on where another ended go on with its net, its numbers and its scale?"""

from __future__ import annotations

import json
import struct
import warnings
import zlib

import keras
import numpy as np
import pytest
from scipy.stats import spearmanr

import keras_vis as kv
from keras_vis.picture import told_by
from tests.callbacks import runs
from tests.callbacks.runs import at, fit, frames, known, page, watch


def interrupt():
    raise KeyboardInterrupt


def of(count):
    """A picture of so many images: the net's weights, the second image's doubled, and so on."""

    def explain(model):
        factors = np.arange(1, count + 1, dtype="float32")[:, None, None]
        return kv.HeatMaps(runs.weights(model).values * factors, np.repeat(runs.IMAGE, count, axis=0))

    return explain


def scales(folder):
    return [told_by(folder / f"epoch-000{epoch}.png")["scale"] for epoch in frames(folder)]


def scale_of(folder):
    return [facts.get("scale_of") for facts in known(folder)["frames"].values()]


def test_a_net_that_is_restored_is_the_one_that_is_drawn_and_compared(tmp_path, monkeypatch):
    monkeypatch.setattr(runs._net(), "_initial_epoch", None)  # Keras leaves in it where it went on

    def backup():
        return keras.callbacks.BackupAndRestore(tmp_path / "backup")

    with pytest.raises(KeyboardInterrupt):
        fit(watch(tmp_path, save_values=True), backup(), at(3, "batch", interrupt))
    assert frames(tmp_path / "weights") == [0, 1, 2]
    # `fit` puts the first weights into the net, and Keras those after epoch 2, once it has asked the visualizers
    fit(watch(tmp_path, save_values=True), watch(tmp_path, "late", save_values=True), backup(), epochs=4)
    values = []
    for epoch in range(5):
        with np.load(tmp_path / "weights" / f"epoch-000{epoch}.npz") as told:
            values.append(told["values"])
    assert frames(tmp_path / "late") == [2, 3, 4]
    with np.load(tmp_path / "late" / "epoch-0002.npz") as told:
        np.testing.assert_array_equal(told["values"], values[2])
    changed = 1 - spearmanr(values[2].ravel(), values[3].ravel()).statistic
    for name in ("weights", "late"):
        assert known(tmp_path / name)["frames"]["3"]["drift"] == pytest.approx(changed, abs=1e-6)


def test_a_part_with_other_images_has_a_scale_of_its_own_and_the_page_does_not_say_that_it_is_held(tmp_path):
    here = tmp_path / "weights"
    fit(watch(tmp_path, explain=of(1)), epochs=3)
    assert "held for all epochs: that of epoch 1" in page(tmp_path)
    assert scale_of(here) == [1, 1, 1, 1]
    fit(watch(tmp_path, explain=of(2)), start=3, epochs=6)
    first, second = scales(here)[:4], scales(here)[4:]
    assert first == [first[0]] * 4
    assert second == [second[0]] * 3
    assert second[0][1] == pytest.approx(2 * second[0][0], rel=1e-5)
    assert second[0][0] < first[0][0]  # the weights have become less
    assert scale_of(here) == [1, 1, 1, 1, 4, 4, 4]
    assert "held for all" not in page(tmp_path)
    # the third part has the images of the second
    fit(watch(tmp_path, explain=of(2)), start=6, epochs=8)
    assert scales(here)[4:] == [second[0]] * 5
    assert scale_of(here)[4:] == [4] * 5


def test_one_that_ended_before_its_first_epoch_leaves_no_scale(tmp_path):
    here, made = tmp_path / "weights", []

    def kept(model):
        made.append(runs.weights(model))
        return made[-1]

    with pytest.raises(KeyboardInterrupt):
        fit(watch(tmp_path), at(1, "batch", interrupt))
    assert scale_of(here) == [None]
    fit(watch(tmp_path, explain=kept), start=1, epochs=4)
    assert scale_of(here) == [None, 2, 2, 2, 2]
    assert scales(here)[1:] == [pytest.approx(made[1].scales(), rel=1e-5)] * 4
    assert "held for all" not in page(tmp_path)


def test_where_the_log_is_lost_the_scale_is_that_of_the_last_frame(tmp_path):
    here = tmp_path / "weights"
    fit(watch(tmp_path), epochs=3)
    (here / "frames.json").unlink()
    fit(watch(tmp_path), start=3, epochs=5)
    assert scales(here) == [scales(here)[0]] * 6
    assert known(here)["frames"].keys() == {"4", "5"}
    assert scale_of(here) == [3, 3]
    assert "held for all" not in page(tmp_path)


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(*chunks, size=9):
    """A grey drawing without its end."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0))
    return b"".join([b"\x89PNG\r\n\x1a\n", head, *chunks])


LINES = chunk(b"IDAT", zlib.compress(bytes(90)))
UNREADABLE = {
    "empty": b"",
    "half a head": png()[:20],
    "a sum that is wrong": png()[:-1] + b"x",
    "torn after its lines": png(LINES, b"\0\0\0\0\0\0\0\0xxxx"),
    "a text that is no facts": png(chunk(b"tEXt", b"keras_vis\x003"), LINES, chunk(b"IEND", b"")),
    "no end to the brackets": png(chunk(b"tEXt", b"keras_vis\0" + b"[" * 100_000), LINES, chunk(b"IEND", b"")),
    "a text that is too long": png(chunk(b"zTXt", b"keras_vis\0\0" + zlib.compress(bytes(10**7))), LINES),
    "too large to be read": png(LINES, size=10**5),
}


@pytest.mark.parametrize("torn", UNREADABLE.values(), ids=UNREADABLE)
def test_a_drawing_that_cannot_be_read_does_not_keep_a_training_from_going_on(tmp_path, torn):
    here = tmp_path / "weights"
    fit(watch(tmp_path), epochs=2)
    (here / "epoch-0002.png").write_bytes(torn)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(watch(tmp_path), start=2, epochs=4)
    assert frames(here) == [0, 1, 2, 3, 4]
    assert (here / "epoch-0002.png").read_bytes() == torn
    told = [told_by(here / f"epoch-000{epoch}.png")["scale"] for epoch in (3, 4)]
    assert told[0] == told[1]
    assert json.loads((here / "frames.json").read_text())["frames"]["3"]["scale_of"] == 3
