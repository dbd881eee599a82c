"""How did a picture change over the epochs?"""

from __future__ import annotations

import errno
import json
import os
import pathlib
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from keras_vis import report
from keras_vis.draw import text
from keras_vis.picture import HeatMaps, told_by

RNG = np.random.default_rng(3)
HEAD, FOOT = 32, 20  # the strip with the words, a line of 16 and two margins; the one with the bar


def put(folder: pathlib.Path, frames: dict[int, np.ndarray]) -> pathlib.Path:
    folder.mkdir(exist_ok=True)
    for epoch, drawn in frames.items():
        Image.fromarray(drawn).save(folder / f"epoch-{epoch:04d}.png")
    return folder


def flat(value: int, height: int = 40, width: int = 160) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def shown(path: pathlib.Path | None) -> list[tuple[np.ndarray, int]]:
    """What a reader of GIFs shows: the pixels of each frame, and for how many milliseconds."""
    assert path is not None
    found = []
    with Image.open(path) as image:
        assert image.info["loop"] == 0
        for k in range(image.n_frames):
            image.seek(k)
            found.append((np.asarray(image.convert("RGB")), image.info["duration"]))
    return found


def test_frames_follow_each_other_by_number_ten_thousand_after_9999(tmp_path):
    folder = put(tmp_path / "p", {9999: flat(90), 10000: flat(100), 2: flat(20), 30: flat(30)})
    path = report.write_gif(folder)
    assert path == folder / "epochs.gif"
    assert [seen[HEAD + 20, 80, 0] for seen, _ in shown(path)] == [20, 30, 90, 100]


def test_above_each_frame_stands_its_epoch_and_below_it_a_bar_is_filled_by_its_share(tmp_path):
    path = report.write_gif(put(tmp_path / "p", {epoch: flat(epoch) for epoch in (0, 3, 7, 12)}))
    for (seen, _), epoch in zip(shown(path), (0, 3, 7, 12), strict=True):
        assert seen.shape == (HEAD + 40 + FOOT, 160, 3)
        words = text.block(f"epoch {epoch} of 12", 144)
        np.testing.assert_array_equal(seen[8 : HEAD - 8, 8:-8], words)
        bar = seen[-10, 8:-8, 0]
        assert np.unique(bar).tolist() == ([222] if epoch == 0 else [56] if epoch == 12 else [56, 222])
        assert (bar == 56).sum() == round(144 * epoch / 12)
        assert (seen[-10, :8] == 255).all()


def test_of_two_hundred_epochs_five_are_epochs_0_50_100_149_and_199(tmp_path):
    folder = put(tmp_path / "p", {epoch: flat(epoch) for epoch in range(200)})
    values = [seen[HEAD + 20, 80, 0] for seen, _ in shown(report.write_gif(folder, most=5))]
    assert values == [0, 50, 100, 149, 199]
    values = [seen[HEAD + 20, 80, 0] for seen, _ in shown(report.write_gif(folder))]
    assert (len(values), values[0], values[-1]) == (60, 0, 199)
    assert set(np.diff(np.array(values, int)).tolist()) == {3, 4}


@pytest.mark.parametrize(("count", "each"), [(2, 700), (20, 400), (60, 130), (100, 120)])
def test_a_film_takes_eight_seconds_or_so_and_stays_two_at_its_end(tmp_path, count, each):
    folder = put(tmp_path / "p", {epoch: flat(epoch) for epoch in range(count)})
    durations = [duration for _, duration in shown(report.write_gif(folder, most=100))]
    assert durations == [each] * (count - 1) + [2000]


def test_a_smaller_sheet_lies_at_the_top_left_on_white(tmp_path):
    path = report.write_gif(put(tmp_path / "p", {0: flat(9, 20, 120), 1: flat(40, 60, 200)}))
    (small, _), (large, _) = shown(path)
    assert small.shape == large.shape == (HEAD + 60 + FOOT, 200, 3)
    assert (small[HEAD : HEAD + 20, :120] == 9).all()
    assert (small[HEAD + 20 : HEAD + 60] == 255).all()
    assert (small[HEAD : HEAD + 60, 120:] == 255).all()


def test_a_sheet_narrower_than_its_words_gets_the_room_for_them(tmp_path):
    path = report.write_gif(put(tmp_path / "p", {1: flat(0, 9, 9), 123456: flat(50, 9, 9)}))
    words = text.block("epoch 123456 of 123456", text.measure("epoch 123456 of 123456"))
    (first, _), (last, _) = shown(path)
    assert first.shape == last.shape
    np.testing.assert_array_equal(last[8 : HEAD - 8, 8:-8], words)


def test_eighteen_hundred_pixels_become_nine_hundred_each_the_mean_of_four(tmp_path):
    drawn = RNG.integers(0, 256, (30, 1800, 1), np.uint8).repeat(3, -1)
    path = report.write_gif(put(tmp_path / "p", {0: flat(0, 30, 900), 1: drawn}))
    (small, _), (seen, _) = shown(path)
    assert seen.shape[1] == 900
    means = drawn[..., 0].reshape(15, 2, 900, 2).mean((1, 3))
    assert np.abs(seen[HEAD : HEAD + 15, :, 0] - means).max() <= 0.5
    # all frames by one factor
    assert (small[HEAD : HEAD + 15, :450] == 0).all()
    assert (small[HEAD : HEAD + 15, 450:] == 255).all()


def test_what_does_not_change_does_not_flicker_and_what_does_has_its_colours(tmp_path):
    x, y = np.meshgrid(np.linspace(0, 2 * np.pi, 160), np.linspace(0.2, 1, 80))
    hues = [np.stack([np.cos(x + turn + k) for k in (0, 2.1, 4.2)], -1) / 2 + 0.5 for turn in range(6)]
    sheets = [np.rint(255 * y[..., None] * hue).astype(np.uint8) for hue in hues]
    for drawn in sheets[1:]:
        drawn[:, :80] = sheets[0][:, :80]
    film = [seen[HEAD:-FOOT] for seen, _ in shown(report.write_gif(put(tmp_path / "p", dict(enumerate(sheets)))))]
    for drawn, seen in zip(sheets, film, strict=True):
        np.testing.assert_array_equal(seen[:, :80], film[0][:, :80])
        off = np.abs((seen.astype(float) - drawn).reshape(20, 4, 40, 4, 3).mean((1, 3)))
        assert off.mean() < 255 / 80


@pytest.mark.parametrize("torn", [b"", b"no picture", "half", "one byte of its pixels"])
def test_of_five_frames_one_torn_four_are_shown(tmp_path, torn):
    folder = put(tmp_path / "p", {epoch: RNG.integers(0, 256, (40, 160, 3), np.uint8) for epoch in range(5)})
    last = folder / "epoch-0004.png"
    content = last.read_bytes()
    if torn == "half":
        torn = content[: len(content) // 2]
    elif isinstance(torn, str):
        torn = content[:2000] + bytes([content[2000] ^ 1]) + content[2001:]
    last.write_bytes(torn)
    film = shown(report.write_gif(folder))
    assert [duration for _, duration in film] == [700, 700, 700, 2000]
    # the last that can be read is the end
    words = film[-1][0][8 : HEAD - 8, 8:-8].astype(int)
    assert np.abs(words - text.block("epoch 3 of 3", 144)).max() <= 255 / 31 / 2  # beside colours 32 greys


def test_of_one_frame_there_is_no_film_and_that_of_an_earlier_training_goes(tmp_path):
    folder = put(tmp_path / "p", {0: flat(0), 1: flat(1)})
    path = report.write_gif(folder)
    assert path is not None
    (folder / "epoch-0001.png").write_bytes(b"torn")
    assert report.write_gif(folder) is None
    assert not path.exists()
    assert report.write_gif(folder) is None
    assert [found.name for found in sorted(folder.iterdir())] == ["epoch-0000.png", "epoch-0001.png"]


def test_the_comment_is_what_the_last_frame_tells_of_itself_and_the_bytes_are_the_same_each_time(tmp_path):
    folder = tmp_path / "p"
    for epoch in range(3):
        values = np.full((1, 7, 7), epoch + 1.0, np.float32)
        picture = HeatMaps(
            values=values, images=np.zeros((1, 28, 28, 1), np.float32), signed=False, about={"method": "é", "n": epoch}
        )
        picture.save(folder / f"epoch-{epoch:04d}.png")
    path = report.write_gif(folder)
    assert path is not None
    with Image.open(path) as image:
        told = json.loads(image.info["comment"])
    assert (told["method"], told["n"]) == ("é", 2)
    assert told == told_by(folder / "epoch-0002.png")
    again = report.write_gif(folder, path=tmp_path / "elsewhere" / "film.gif")
    assert again == tmp_path / "elsewhere" / "film.gif"
    assert again.read_bytes() == path.read_bytes()


def test_a_disk_that_fills_leaves_the_old_film_and_nothing_half(tmp_path, monkeypatch):
    folder = put(tmp_path / "p", {0: flat(0), 1: flat(1)})
    path = report.write_gif(folder)
    assert path is not None
    before = path.read_bytes()
    put(folder, {2: flat(2)})

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        report.write_gif(folder)
    assert path.read_bytes() == before
    assert not list(folder.glob(".*"))


def test_forty_sheets_take_no_more_arrays_than_four(tmp_path):
    def peak(count: int) -> int:
        noise = {epoch: RNG.integers(0, 4, (100, 300, 3), np.uint8) * np.uint8(80) for epoch in range(count)}
        folder = put(tmp_path / str(count), noise)
        del noise
        tracemalloc.start()
        report.write_gif(folder)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        # the file itself is in the memory, twice for a moment: as the stream and as its bytes
        return most - 2 * (folder / "epochs.gif").stat().st_size

    peak(2)  # what is loaded once
    assert peak(40) < peak(4) + 5 * 100 * 300 * 3


@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        ({"most": 1}, ValueError, "`most=1` must be 2 or more"),
        ({"most": True}, TypeError, "`most` must be a whole number of frames; received bool"),
        ({"most": 2.5}, TypeError, "received float"),
        ({"path": "film.mp4"}, ValueError, "`path='film.mp4'` must end in .gif"),
        ({"folder": "nowhere"}, FileNotFoundError, "`folder='nowhere'` is not there"),
    ],
)
def test_wrong_arguments_are_named(tmp_path, options, kind, told):
    with pytest.raises(kind, match=told):
        report.write_gif(**{"folder": tmp_path, **options})
