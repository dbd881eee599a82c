"""Does a picture keep its numbers, say what it is, and save itself whole or not at all?"""

from __future__ import annotations

import dataclasses
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import keras_vis.picture as kp
from keras_vis.picture import Chart, Comparison, Diagram, FeatureMaps, HeatMaps, Images, Table

RNG = np.random.default_rng(7)
VALUES = RNG.normal(size=(3, 7, 7)).astype(np.float32)
IMAGES = RNG.random((3, 28, 28, 1), np.float32)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20" fill="red"/></svg>'


def every_kind() -> list[kp.Picture]:
    return [
        HeatMaps(VALUES, IMAGES, captions=("a", "b", "c"), about={"method": "m"}),
        Images(IMAGES, about={"method": "m"}),
        FeatureMaps(RNG.random((1, 6, 6, 4)), about={"method": "m"}),
        Chart("curves", {"x": np.arange(3), "y": RNG.random((2, 3))}, about={"method": "m"}),
        Chart(
            "classes",
            {"images": IMAGES, "classes": VALUES.argsort(-1), "expected": np.array([0, 6, 3])},
            about={"method": "m"},
        ),
        Table(("layer", "parameters"), (("a", 1), ("b", 2)), about={"method": "m"}),
        Comparison((HeatMaps(VALUES, IMAGES), HeatMaps(VALUES, IMAGES, signed=True)), about={"method": "m"}),
    ]


def kinds(pictures: list[kp.Picture]) -> list[str]:
    return [type(picture).__name__ for picture in pictures]


@pytest.mark.parametrize("picture", every_kind(), ids=kinds(every_kind()))
def test_same_numbers_give_the_same_bytes(picture, tmp_path):
    again = dataclasses.replace(picture)
    for suffix in (".png", ".npz"):
        one, two = picture.save(tmp_path / f"one{suffix}"), again.save(tmp_path / f"two{suffix}")
        assert one.read_bytes() == two.read_bytes()
    assert picture._repr_png_() == (tmp_path / "one.png").read_bytes()


@pytest.mark.parametrize("picture", every_kind(), ids=kinds(every_kind()))
def test_a_png_holds_the_sheet_to_the_byte_and_says_what_it_shows(picture, tmp_path):
    with Image.open(picture.save(tmp_path / "a" / "b" / "picture.png")) as image:
        np.testing.assert_array_equal(np.asarray(image), picture.draw())
        told = json.loads(image.text["keras_vis"])
        assert told.pop("method") == "m"
        assert len(told.pop("parts", [])) == (2 if isinstance(picture, Comparison) else 0)
        # numbers that became colours: on what scale
        np.testing.assert_allclose(
            told.pop("scale", []), picture.scales() if hasattr(picture, "scales") else [], rtol=1e-5
        )
        assert not told
    assert picture.draw().dtype == np.uint8
    assert picture.draw().shape[2] == 3


def test_npz_gives_the_numbers_back_to_the_bit(tmp_path):
    picture = HeatMaps(VALUES, IMAGES, signed=True, captions=("é", "b", "c"), scale=2.5, about={"seed": 0})
    with np.load(picture.save(tmp_path / "maps.npz"), allow_pickle=False) as file:
        assert file["values"].tobytes() == VALUES.tobytes()
        assert file["images"].tobytes() == IMAGES.tobytes()
        assert json.loads(str(file["about"])) == {"seed": 0}
        fields = json.loads(str(file["fields"]))
    assert fields["signed"] is True
    assert fields["captions"] == ["é", "b", "c"]
    assert fields["scale"] == 2.5


def test_npz_of_charts_and_tables_has_an_array_for_each_name(tmp_path):
    chart = Chart("curves", {"x": np.arange(3), "y": np.eye(3)}, text={"title": "?"})
    with np.load(chart.save(tmp_path / "chart.npz"), allow_pickle=False) as file:
        assert file["y"].tolist() == np.eye(3).tolist()
    cover = {"images": IMAGES, "classes": VALUES.argsort(-1), "expected": np.array([0, 6, 3])}
    chart = Chart("classes", cover, text={"names": "abcdefg", "captions": ("é", "b", "c")})
    with np.load(chart.save(tmp_path / "classes.npz"), allow_pickle=False) as file:
        for name, array in cover.items():
            assert file[name].dtype == array.dtype
            assert file[name].tobytes() == array.tobytes()
        assert json.loads(str(file["fields"]))["text"]["captions"] == ["é", "b", "c"]
    table = Table(("layer", "parameters", "share", "about"), (("a", 1, None, "x"), ("b", 2, 0.5, "y")))
    with np.load(table.save(tmp_path / "table.npz"), allow_pickle=False) as file:
        assert file["layer"].tolist() == ["a", "b"]
        assert file["parameters"].tolist() == [1, 2]
        assert file["parameters"].dtype.kind == "i"
        np.testing.assert_array_equal(file["share"], [np.nan, 0.5])
        assert file["about_"].tolist() == ["x", "y"]


def test_a_method_may_hold_more_and_it_is_saved_too(tmp_path):
    @dataclasses.dataclass(frozen=True, eq=False, repr=False, kw_only=True)
    class Occlusion(HeatMaps):
        scores: np.ndarray

    scores = RNG.random((3, 2, 2), np.float32)
    picture = Occlusion(VALUES, IMAGES, scores=scores).at(2.0).over(np.zeros((3, 50, 50, 3)))
    assert isinstance(picture, Occlusion)
    with np.load(picture.save(tmp_path / "occlusion.npz"), allow_pickle=False) as file:
        assert file["scores"].tobytes() == scores.tobytes()


@pytest.mark.parametrize("suffix", [".png", ".npz"])
def test_a_failed_write_leaves_the_old_file_and_no_other(suffix, tmp_path, monkeypatch):
    path = tmp_path / f"picture{suffix}"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    for name in ("replace", "fsync"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, fail)
            with pytest.raises(OSError, match="disk full"):
                Images(IMAGES).save(path)
        assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
        assert path.read_bytes() == b"old"
    Images(IMAGES).save(path)
    assert path.read_bytes() != b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_an_unknown_suffix_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match=r"must end in one of \.png, \.npz: Images knows no other file"):
        Images(IMAGES).save(tmp_path / "new" / "picture.jpg")
    with pytest.raises(ValueError, match=r"\.png, \.npz, \.txt, \.csv"):
        Table(("a",), ()).save(tmp_path / "table.svg")
    assert not list(tmp_path.iterdir())


def test_a_diagram_saves_its_own_words(tmp_path):
    diagram = Diagram("digraph { a -> b }", SVG, about={"method": "plot_structure"})
    assert diagram.save(tmp_path / "net.dot").read_text() == "digraph { a -> b }"
    assert diagram.save(tmp_path / "net.svg").read_text() == SVG
    assert (diagram.draw() == [255, 0, 0]).all(-1).any()


def test_a_table_is_text_and_csv(tmp_path):
    table = Table(("layer", "parameters"), (("  conv, 1", 36928), ("b", None)), title="Net")
    assert table.save(tmp_path / "t.txt").read_text(encoding="utf-8") == f"{table}\n"
    assert "36,928" in str(table)
    assert table.save(tmp_path / "t.csv").read_text() == 'layer,parameters\n"  conv, 1",36928\nb,\n'
    assert table.column("parameters") == [36928, None]
    with pytest.raises(ValueError, match=r"`name='shape'` is no column\. There are: layer, parameters"):
        table.column("shape")


def test_a_scale_is_the_99th_percentile_of_each_map():
    values = np.zeros((2, 10, 10), np.float32)
    values[0] = np.arange(-50, 50).reshape(10, 10)
    values[1, 0, 0] = -3
    picture = HeatMaps(values, np.zeros((2, 8, 8, 1)))
    # a value of the map itself: of a single hot spot the spot, and not a thirtieth of it
    assert picture.scales().tolist() == [50, 3]
    rising = np.arange(1000, dtype=np.float32).reshape(1, 20, 50)
    assert HeatMaps(-rising, np.zeros((1, 8, 8, 1))).scales().tolist() == [990]


def test_a_held_scale_changes_the_pixels_and_not_the_numbers():
    picture = HeatMaps(VALUES, IMAGES)
    louder = HeatMaps(4 * VALUES, IMAGES)
    tiles = slice(8, 8 + 168)
    np.testing.assert_array_equal(picture.draw()[tiles], louder.draw()[tiles])
    held = louder.at(picture.scales())
    np.testing.assert_array_equal(held.scales(), picture.scales())
    assert (held.draw()[tiles] != picture.draw()[tiles]).any()
    np.testing.assert_array_equal(held.values, louder.values)
    np.testing.assert_array_equal(picture.at(picture.scales()).draw(), picture.draw())


def test_a_held_scale_of_zero_leaves_a_map_its_own():
    silent = HeatMaps(0 * VALUES, IMAGES)
    assert silent.scales().tolist() == [0, 0, 0]
    np.testing.assert_array_equal(
        HeatMaps(VALUES, IMAGES).at(silent.scales()).scales(), HeatMaps(VALUES, IMAGES).scales()
    )


def test_feature_maps_have_one_scale_an_image():
    values = np.zeros((2, 4, 4, 5), np.float32)
    values[0, ..., 1], values[1, ..., 2] = 2, -5
    picture = FeatureMaps(values)
    assert picture.scales().tolist() == [2, 5]
    assert picture.at(10.0).scales().tolist() == [10, 10]


def test_only_images_with_a_range_around_zero_have_a_scale_to_hold():
    kernels = Images(IMAGES, value_range=(-0.5, 0.5))
    assert kernels.scales().tolist() == [0.5]
    assert kernels.at(np.array([2.0])).value_range == (-2, 2)
    digits = Images(IMAGES, value_range=(0, 1))
    assert digits.scales().size == 0
    assert digits.at(digits.scales()) is digits
    with pytest.raises(ValueError, match="`scale` has 3 entries, but images share one"):
        kernels.at(np.ones(3))


def test_maps_can_be_laid_over_other_images():
    photographs = RNG.random((3, 60, 90, 3))
    picture = HeatMaps(VALUES, IMAGES, value_range=(0, 1), captions=("a", "b", "c")).over(photographs)
    assert picture.images.shape == (3, 60, 90, 3)
    assert picture.value_range is None
    assert picture.captions == ("a", "b", "c")
    np.testing.assert_array_equal(picture.values, VALUES)


def test_statistics_equal_numpys():
    values = np.maximum(RNG.normal(size=(4, 5, 6, 3)), 0).astype(np.float32)
    table = FeatureMaps(values, units=(7, 8, 9), layer="conv_1").statistics()
    flat = values.reshape(-1, 3).astype(float)
    assert table.column("unit") == [7, 8, 9]
    for name, figures in {
        "min": flat.min(0),
        "max": flat.max(0),
        "mean": flat.mean(0),
        "std": flat.std(0),
        "share of zeros": (flat == 0).mean(0),
    }.items():
        np.testing.assert_allclose(table.column(name), figures, rtol=1e-12)


def test_numbers_are_float32_and_the_callers_array_stays_writable():
    values, images = np.ones((1, 7, 7), np.float32), np.full((1, 28, 28, 3), 200, np.uint8)
    picture = HeatMaps(values, images)
    assert picture.values.dtype == picture.images.dtype == np.float32
    values[0, 0, 0] = 5
    with pytest.raises(ValueError, match="read-only"):
        picture.values[0, 0, 0] = 5
    with pytest.raises(dataclasses.FrozenInstanceError):
        picture.values = values


def test_about_is_plain_and_the_same_each_time():
    def method() -> None: ...

    picture = Images(
        IMAGES,
        about={
            "seed": np.int64(3),
            "sigma": np.float32(0.5),
            "target": np.array([1, 2]),
            "size": (4, 4),
            "long": np.zeros((100, 100)),
            "nan": float("nan"),
            "method": method,
            "path": Path("a"),
            "what": object(),
            "layers": {"b", "a"},
        },
    )
    assert picture.about == {
        "seed": 3,
        "sigma": 0.5,
        "target": [1, 2],
        "size": [4, 4],
        "long": "array float64 (100, 100)",
        "nan": "nan",
        "method": "test_about_is_plain_and_the_same_each_time.<locals>.method",
        "path": "a",
        "what": "object",
        "layers": ["a", "b"],
    }


def test_about_names_the_versions():
    facts = kp.about("grad_cam", layer="conv_2", seed=0)
    assert facts["method"] == "grad_cam"
    assert facts["layer"] == "conv_2"
    assert facts["versions"]["numpy"] == np.__version__
    assert set(facts["versions"]) == {"keras_vis", "keras", "tensorflow", "numpy"}


def test_colours_can_begin_at_the_lowest_value_of_each_map():
    ramp = np.linspace(5, 6, 49, dtype="float32").reshape(1, 7, 7)
    picture = HeatMaps(np.concatenate([ramp, ramp + 10]), np.zeros((2, 7, 7, 1)), origin="lowest", scale=(1, 1))
    moved = HeatMaps(np.concatenate([ramp - 5, ramp - 5]), np.zeros((2, 7, 7, 1)), scale=(1, 1))
    sheets = [part.draw().astype(int) for part in (picture, moved)]
    strip = slice(0, 180)  # above the numbers of the bars
    assert np.abs(sheets[0][strip] - sheets[1][strip]).max() <= 2
    for wrong in ("highest", 0):
        with pytest.raises(ValueError, match="`origin="):
            HeatMaps(ramp, np.zeros((1, 7, 7, 1)), origin=wrong)
    with pytest.raises(ValueError, match="`origin='lowest'`"):
        HeatMaps(ramp, np.zeros((1, 7, 7, 1)), origin="lowest", signed=True)


def test_repr_names_shapes_and_not_numbers():
    assert repr(HeatMaps(VALUES, IMAGES, about={"method": "saliency"})) == (
        "HeatMaps(values float32 (3, 7, 7), images float32 (3, 28, 28, 1), signed=False, channels='max', "
        "method='saliency')"
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: HeatMaps(VALUES, IMAGES, captions=("a",)),
            "`captions` has 1 entries, but there are 3 images. Give one for",
        ),
        (lambda: HeatMaps(VALUES, IMAGES, captions="abc"), "`captions='abc'` is one string"),
        (lambda: HeatMaps(VALUES, IMAGES[:2]), "`images` has 2 entries, but there are 3 maps"),
        (lambda: HeatMaps(VALUES, np.zeros((3, 8, 8, 4))), r"1 \(grey\) or 3 \(RGB\) channels .* shape \(3, 8, 8, 4\)"),
        (
            lambda: HeatMaps(VALUES[0], IMAGES),
            r"`values` must be \(n, h, w\) or .* Received: shape \(7, 7\)",
        ),
        (lambda: HeatMaps(VALUES[:0], IMAGES[:0]), "not empty"),
        (lambda: HeatMaps(VALUES * np.nan, IMAGES), "`values` must be finite.* 147 of 147 numbers"),
        (lambda: HeatMaps(VALUES, IMAGES / 0.0), "`images` must be finite"),
        (lambda: HeatMaps(VALUES, IMAGES, scale=-1), "`scale` must be positive"),
        (lambda: HeatMaps(VALUES, IMAGES, scale=0), "`scale` must be positive"),
        (lambda: HeatMaps(VALUES, IMAGES, scale=np.ones(2)), "`scale` must be one number or one for each of 3 images"),
        (lambda: HeatMaps(VALUES, IMAGES, channels="mean"), "`channels='mean'` must be 'max' or 'sum'"),
        (lambda: HeatMaps(VALUES, IMAGES, colours="jat"), "`colours='jat'` is no colour map"),
        (lambda: HeatMaps(VALUES, IMAGES, value_range=(1, 0)), r"`value_range` must be \(low, high\), low < high"),
        (lambda: Images(IMAGES, columns=0), "`columns=0` must be a whole number"),
        (lambda: Images(IMAGES, axes=("in", "out")), "wants `columns`"),
        (lambda: Images(IMAGES, axes=("in", "out"), columns=3, captions=("a", "b", "c")), "exclude each other"),
        (lambda: FeatureMaps(VALUES[..., None], units=(1, 2)), "`units` has 2 entries, but there are 1 maps"),
        (lambda: Table(("a", "a"), ()), "`columns` must be different names"),
        (lambda: Table(("a", "b"), ((1, 2), (3,))), r"`rows\[1\]` has 1 cells, but there are 2 columns: a, b"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_wrong_numbers_are_refused_with_what_came_and_what_is_wanted(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_about_must_be_a_mapping():
    with pytest.raises(TypeError, match=r"`about` must be a mapping\. Received: list"):
        Images(IMAGES, about=[1])


def test_making_a_picture_loads_no_library_that_draws():
    code = (
        # without the package's front door, which loads Keras, which loads all it finds
        "import sys, types, numpy as np\n"
        "package = sys.modules['keras_vis'] = types.ModuleType('keras_vis')\n"
        "package.__path__ = ['keras_vis']\n"
        "from keras_vis.picture import FeatureMaps, HeatMaps, Chart, Table\n"
        "p = HeatMaps(np.ones((1, 7, 7)), np.ones((1, 8, 8, 1)))\n"
        "p.scales(); FeatureMaps(np.ones((1, 7, 7, 2))).statistics()\n"
        "Chart('curves', {'x': np.ones(2), 'y': np.ones((1, 2))})\n"
        "grid = np.ones((1, 2, 2), int)\n"
        "Chart('classes', {'images': np.ones((1, 8, 8, 1)), 'classes': grid, 'expected': grid[:, 0, 0]})\n"
        "heavy = {'matplotlib', 'cv2', 'PIL', 'keras', 'tensorflow'}\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & heavy))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(kp.__file__).parents[2]
    )
    assert run.stdout.strip() == "[]"


def test_a_notebook_shows_a_png():
    with Image.open(io.BytesIO(Images(IMAGES)._repr_png_())) as image:
        assert image.format == "PNG"
