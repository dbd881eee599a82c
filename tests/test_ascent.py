"""Does an ascent tell how its images came about?"""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from keras_vis.draw import colour, sheet, text
from keras_vis.picture import Ascent, Chart, Images, about
from tests.draw.test_heat import places

RNG = np.random.default_rng(13)
STEPS = (0, 8, 64)


def ascent(count: int = 2, shape: tuple[int, int, int] = (28, 28, 1), **options: object) -> Ascent:
    frames = RNG.random((3, count, *shape), np.float32)
    frames[-1, :, 0, 0], frames[-1, :, 0, 1] = 0, 1
    scores = np.cumsum(RNG.random((64, count), np.float32), 0)
    given = {"scores": scores, "frames": frames, "frame_steps": STEPS, "note": "seed 0", "about": about("ascent")}
    return Ascent(frames[-1], **{**given, **options})


def gif(picture: Ascent, folder) -> list[np.ndarray]:
    with Image.open(picture.save(folder / "ascent.gif")) as image:
        assert image.info["loop"] == 0
        found = []
        for k in range(image.n_frames):
            image.seek(k)
            found.append(np.asarray(image.convert("RGB")))
        return found


def test_it_looks_as_its_images_do():
    picture = ascent(captions=("a", "b"), title="What was climbed to?", value_range=(0, 1))
    fields = ("captions", "title", "note", "value_range")
    alone = Images(picture.values, **{name: getattr(picture, name) for name in fields})
    np.testing.assert_array_equal(picture.draw(), alone.draw())


def test_the_curve_holds_the_score_of_each_image_at_each_step():
    picture = ascent(3, names=("class 0", "class 1", "class 2"))
    chart = picture.curve()
    assert chart.kind == "curves"
    assert chart.values["x"].tolist() == list(range(64))
    assert chart.values["x"].dtype.kind == "i"
    assert chart.values["y"].tobytes() == picture.scores.T.tobytes()
    assert chart.text["names"] == ["class 0", "class 1", "class 2"]
    assert chart.about["method"] == "ascent"
    assert ascent(3).curve().text["names"] == ["0", "1", "2"]
    assert ascent(1).curve().text["names"] == [""]


def pixels_of(drawn: np.ndarray, shade: str) -> int:
    return int((drawn == np.array(tuple(bytes.fromhex(shade[1:])), np.uint8)).all(-1).sum())


def test_more_lines_than_colours_are_grey_with_their_median_on_top():
    ten, eleven = ascent(10).curve(), ascent(11)
    assert [pixels_of(ten.draw(), shade) > 50 for shade in colour.PALETTE] == [True] * 10
    chart = eleven.curve()
    np.testing.assert_array_equal(chart.values["y"][:11], eleven.scores.T)
    # of eleven numbers the sixth
    np.testing.assert_array_equal(chart.values["y"][11], np.sort(eleven.scores, 1)[:, 5])
    assert chart.text["names"] == [""] * 11 + ["median of 11"]
    drawn = chart.draw()
    assert [pixels_of(drawn, shade) > 50 for shade in colour.PALETTE] == [True] + [False] * 9
    assert pixels_of(drawn, "#c4c4c4") > 500


def test_a_chart_is_told_how_many_of_its_lines_are_quiet():
    values = {"x": np.arange(9), "y": np.arange(27).reshape(3, 9)}
    shades = (*colour.PALETTE[:3], "#c4c4c4")
    for quiet, seen in ((0, [True, True, True, False]), (2, [True, False, False, True]), (3, [False] * 3 + [True])):
        drawn = Chart("curves", values, text={"quiet": quiet}).draw()
        assert [pixels_of(drawn, shade) > 50 for shade in shades] == seen
    with pytest.raises(ValueError, match="`quiet` must be from 0 to 3, the number of lines; it is 4"):
        Chart("curves", values, text={"quiet": 4})


def test_each_frame_says_at_which_step_it_was(tmp_path):
    picture = ascent(value_range=(0, 1), title="What was climbed to?")
    frames = gif(picture, tmp_path)
    assert len(frames) == 3
    width = picture.draw().shape[1] - 2 * sheet.MARGIN
    for step, drawn in zip(STEPS, frames, strict=True):
        told = [text.block(f"seed 0\nstep {k}", width, size=text.SMALL, colour=colour.FAINT) for k in STEPS]
        assert [len(places(drawn, one)) for one in told] == [int(k == step) for k in STEPS]


@pytest.mark.parametrize("value_range", [None, (0, 1)])
def test_grey_frames_are_grey_and_the_last_is_the_picture_below_its_note(value_range, tmp_path):
    picture = ascent(value_range=value_range, captions=("a", "b"))
    frames, drawn = gif(picture, tmp_path), picture.draw()
    for frame in frames:
        assert (frame == frame[..., :1]).all()
        assert frame.shape == frames[0].shape
    # the step has a line of its own
    line = text.line_height(text.SMALL)
    assert frames[-1].shape[0] - drawn.shape[0] == line
    top = sheet.MARGIN + line
    np.testing.assert_array_equal(frames[-1][top + line :], drawn[top:])
    assert (frames[0][top + line :] != drawn[top:]).any()


def test_coloured_frames_are_those_of_the_picture_to_a_hundredth(tmp_path):
    x = np.linspace(0, 1, 120, dtype=np.float32)
    end = np.stack(np.broadcast_arrays(x[:, None], x[None], 1 - x[:, None] * x), -1)[None]
    frames = np.stack([0.5 + 0.5 * k * (end - 0.5) for k in range(3)])
    picture = Ascent(
        frames[-1], scores=np.ones((64, 1)), frames=frames, frame_steps=STEPS, value_range=(0, 1), title="?"
    )
    first, _, last = gif(picture, tmp_path)
    drawn = picture.draw()
    _, (side, _) = sheet.layout(1, (120, 120), gap=8)
    # what the eye sees of grains: the mean of squares of 8 pixels of the image, which ends above the bar
    foot = sheet.MARGIN + sheet.colour_bar(240, (0, 1), name="gray", signed=False).shape[0] + sheet.GAP
    area = slice(-foot - side, -foot), slice(8, 8 + side)
    areas = [part[area].reshape(side // 8, 8, side // 8, 8, 3).mean((1, 3)) for part in (drawn, last)]
    assert (drawn[area] != 255).any(-1).all()
    off = np.abs(areas[0] - areas[1])
    assert off.mean() < 255 / 100
    assert off.max() < 255 / 16
    # the start is of one grey, and nothing on it is in colours
    assert (first == first[..., :1]).all()
    assert (first == 128).all(-1).sum() >= 224 * 224


def test_frames_without_a_range_can_be_compared(tmp_path):
    values = np.array([2, 4, 6], np.float32)
    frames = np.broadcast_to(values[:, None, None, None, None], (3, 1, 28, 28, 1))
    picture = Ascent(frames[-1], scores=np.ones((64, 1)), frames=frames, frame_steps=STEPS)
    greys = [frame[100, 100, 0] for frame in gif(picture, tmp_path)]
    assert greys == [0, 128, 255]


def test_a_gif_lasts_six_seconds_at_most_unless_it_has_more_than_eighty_frames(tmp_path):
    def durations(count: int) -> list[int]:
        frames = RNG.random((count, 1, 8, 8, 1), np.float32)
        picture = Ascent(frames[-1], scores=np.ones((count, 1)), frames=frames, frame_steps=range(count))
        with Image.open(picture.save(tmp_path / "ascent.gif")) as image:
            return [image.seek(k) or image.info["duration"] for k in range(image.n_frames)]

    assert durations(3) == [400, 400, 2000]
    assert durations(40) == [100] * 39 + [2000]
    assert durations(100) == [50] * 99 + [2000]


def test_a_gif_says_what_it_shows_and_is_the_same_each_time(tmp_path):
    picture = ascent(about=about("activation_maximisation", layer="dense"), value_range=(-1, 1))
    one = picture.save(tmp_path / "one.gif")
    assert one.read_bytes() == dataclasses.replace(picture).save(tmp_path / "two.gif").read_bytes()
    with Image.open(one) as image:
        told = json.loads(image.info["comment"])
    assert (told["method"], told["layer"], told["scale"]) == ("activation_maximisation", "dense", [1])


def test_npz_holds_how_it_came_about(tmp_path):
    picture = ascent(names=("a", "b"))
    with np.load(picture.save(tmp_path / "ascent.npz"), allow_pickle=False) as file:
        for name in ("values", "scores", "frames"):
            assert file[name].tobytes() == getattr(picture, name).tobytes()
            assert file[name].dtype == np.float32
        fields = json.loads(str(file["fields"]))
    assert fields["frame_steps"] == [0, 8, 64]
    assert fields["names"] == ["a", "b"]


def test_how_it_came_about_is_kept_at_another_scale_and_beside_others(tmp_path):
    picture = ascent(value_range=(-1, 1)).at(np.array([3]))
    assert picture.value_range == (-3, 3)
    assert picture.frame_steps == STEPS
    assert len(gif(picture, tmp_path)) == 3
    both = Images(np.ones((2, 28, 28, 3))).beside(picture, names=("start", "end"))
    with np.load(both.save(tmp_path / "both.npz"), allow_pickle=False) as file:
        assert file["scores/end"].tobytes() == picture.scores.tobytes()


VALUES = RNG.random((2, 8, 8, 1), np.float32)
SCORES = np.ones((5, 2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scores": np.ones((5, 3))}, r"`scores` must be \(steps, 2\), of 2 images. Received: \(5, 3\)"),
        ({"scores": SCORES * np.nan}, "`scores` must be finite"),
        ({"frames": VALUES}, r"`frames` must be \(m, n, h, w, c\) and not empty. Received: shape \(2, 8, 8, 1\)"),
        ({"frames": VALUES[None, :1], "frame_steps": (0,)}, r"end at `values`, \(2, 8, 8, 1\)"),
        ({"frames": VALUES[None] + 1, "frame_steps": (0,)}, "`frames` must be .* end at `values`"),
        ({"frames": np.stack([VALUES, VALUES])}, r"one for each of `frames`. Received: \[\] for 2 frames"),
        ({"frames": np.stack([VALUES, VALUES]), "frame_steps": (4, 4)}, r"ascending numbers.*\[4, 4\] for 2 frames"),
        ({"frame_steps": (0, 1)}, r"Received: \[0, 1\] for 0 frames"),
        ({"names": "ab"}, "`names='ab'` is one string"),
        ({"names": ("a",)}, "`names` has 1 entries, but there are 2 images"),
    ],
)
def test_what_is_no_ascent_is_refused_with_what_came_and_what_is_wanted(options, message):
    with pytest.raises(ValueError, match=message):
        Ascent(VALUES, **{"scores": SCORES, **options})


def test_without_frames_there_is_no_animation_and_the_remedy_is_named(tmp_path):
    picture = Ascent(VALUES, scores=SCORES)
    with pytest.raises(ValueError, match="`frames` is None. Make the picture with `frames=`"):
        picture.save(tmp_path / "ascent.gif")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match=r"must end in one of \.png, \.npz, \.gif"):
        picture.save(tmp_path / "ascent.jpg")
