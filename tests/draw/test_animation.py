"""How does a picture move?"""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from keras_vis.draw import animation, grid, sheet

RNG = np.random.default_rng(8)


def shown(content: bytes) -> list[tuple[np.ndarray, int]]:
    """What a reader of GIFs shows: the pixels of each frame, and for how many milliseconds."""
    found = []
    with Image.open(io.BytesIO(content)) as image:
        for k in range(image.n_frames):
            image.seek(k)
            found.append((np.asarray(image.convert("RGB")), image.info["duration"]))
    return found


def grey(count: int) -> list[np.ndarray]:
    return [RNG.integers(0, 256, (40, 60, 1), np.uint8).repeat(3, -1) for _ in range(count)]


def smooth(turn: float) -> np.ndarray:
    """A page of white with all hues, light and dark, and a flat grey, on it."""
    drawn = sheet.blank(80, 120)
    x, y = np.meshgrid(np.linspace(0, 2 * np.pi, 60), np.linspace(0.2, 1, 60))
    hues = np.stack([np.cos(x + turn + k) for k in (0, 2.1, 4.2)], -1) / 2 + 0.5
    drawn[10:70, 5:65] = np.rint(255 * y[..., None] * hues)
    drawn[10:70, 75:115] = 99
    return drawn


def test_each_sheet_is_shown_as_long_as_asked_and_the_last_longer_for_ever():
    content = animation.gif(grey(5), 0.16, 2)
    assert [duration for _, duration in shown(content)] == [160, 160, 160, 160, 2000]
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.size, image.info["loop"]) == ("GIF", (60, 40), 0)


def test_grey_sheets_keep_every_one_of_256_greys():
    sheets = grey(4)
    sheets[2][10:30] = np.arange(256, dtype=np.uint8).repeat(60 * 20 // 256 + 1)[: 60 * 20].reshape(20, 60, 1)
    for drawn, (seen, _) in zip(sheets, shown(animation.gif(sheets, 0.1, 1)), strict=True):
        np.testing.assert_array_equal(seen, drawn)


def means(drawn: np.ndarray) -> np.ndarray:
    """The mean colour of each square of 6 pixels of the area in colours: what the eye sees of its grains."""
    return drawn[10:70, 5:65].reshape(10, 6, 10, 6, 3).mean((1, 3))


def test_areas_have_their_colours_to_a_hundredth_and_at_worst_to_a_sixteenth():
    sheets = [smooth(turn) for turn in (0, 1, 2)]
    for drawn, (seen, _) in zip(sheets, shown(animation.gif(sheets, 0.1, 1)), strict=True):
        off = np.abs(means(seen) - means(drawn))
        assert off.mean() < 255 / 100
        assert off.max() < 255 / 16
        assert len(np.unique(seen[10:70, 5:65].reshape(-1, 3), axis=0)) > 150


def test_flat_grey_and_white_beside_colours_stay_flat_and_grey():
    for seen, _ in shown(animation.gif([smooth(0), smooth(1)], 0.1, 1)):
        page = np.ones((80, 120), bool)
        page[10:70, 5:65] = page[10:70, 75:115] = False
        assert (seen[page] == 255).all()
        # 99 is the twelfth of 31 steps: 98.7
        assert np.unique(seen[10:70, 75:115].reshape(-1, 3), axis=0).tolist() == [[99, 99, 99]]


def test_a_grey_sheet_may_stand_among_coloured_ones():
    sheets = [smooth(0), grey(1)[0].repeat(2, 0).repeat(2, 1), smooth(1)]
    frames = shown(animation.gif(sheets, 0.1, 1))
    np.testing.assert_array_equal(frames[1][0], sheets[1])
    assert np.abs(means(frames[2][0]) - means(sheets[2])).max() < 255 / 16


def test_the_same_sheets_give_the_same_bytes_and_keep_the_comment():
    sheets = [smooth(0), smooth(1)]
    content = animation.gif(sheets, 0.1, 1, comment='{"method": "é"}')
    assert content == animation.gif([drawn.copy() for drawn in sheets], 0.1, 1, comment='{"method": "é"}')
    with Image.open(io.BytesIO(content)) as image:
        assert image.info["comment"].decode() == '{"method": "é"}'


def sheets_of(frames: np.ndarray, value_range: tuple[float, float] | None) -> list[np.ndarray]:
    notes = [f"step {k}" for k in range(len(frames))]
    return animation.image_sheets(
        frames, captions=("a", "b"), value_range=value_range, columns=2, title="?", notes=notes
    )


def test_without_a_range_an_image_is_stretched_over_all_its_frames_and_over_no_other_image():
    # of image 0 from 0 to 10, of image 1 from -4 to 4
    values = np.array([[0, -4], [5, 0], [10, 4]], np.float32)
    frames = np.broadcast_to(values[:, :, None, None, None], (3, 2, 28, 28, 1))
    _, (side, _) = sheet.layout(2, (28, 28), gap=8, columns=2)
    found = [
        [drawn[drawn.shape[0] // 2, 8 + i * (side + 8) + side // 2, 0] for i in range(2)]
        for drawn in sheets_of(frames, None)
    ]
    assert found == [[0, 0], [128, 128], [255, 255]]


@pytest.mark.parametrize("shape", [(28, 28, 1), (70, 90, 3)])
@pytest.mark.parametrize("value_range", [None, (0, 1)])
def test_the_last_of_the_frames_is_the_sheet_of_its_images(shape, value_range):
    frames = RNG.random((3, 2, *shape), np.float32)
    # what comes before goes no further than the end
    frames[-1, :, 0, 0], frames[-1, :, 0, 1] = 0, 1
    alone = grid.image_sheet(
        frames[-1], captions=("a", "b"), value_range=value_range, columns=2, title="?", note="step 2"
    )
    drawn = sheets_of(frames, value_range)
    np.testing.assert_array_equal(drawn[-1], alone)
    assert (drawn[0] != alone).any()
    assert drawn[0].shape == alone.shape
