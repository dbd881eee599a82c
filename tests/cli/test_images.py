"""Files of every kind become the pixels that were meant."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_vis.cli import families, images, pixels, scaling
from keras_vis.cli.errors import UsageError
from keras_vis.cli.models import Wants
from tests.cli.conftest import Command, net

L = keras.layers


def noise(*shape: int, seed: int = 0, dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def read(path: Path) -> images.Photo:
    (photo,) = images.read([str(path)])
    return photo


def test_an_8_bit_picture_has_its_files_numbers(tmp_path: Path) -> None:
    for name, array in (("grey.png", noise(5, 7)), ("rgb.png", noise(5, 7, 3)), ("one.bmp", noise(1, 1, 3))):
        Image.fromarray(array).save(tmp_path / name)
        found = read(tmp_path / name)
        np.testing.assert_array_equal(found.pixels, array.reshape(*array.shape[:2], -1))
        assert found.told == ()


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_16_bit_grey_keeps_its_whole_range(tmp_path: Path, suffix: str) -> None:
    wide = noise(6, 4, dtype=np.uint16)
    wide[0, :3] = 0, 65535, 257
    cv2.imwrite(str(tmp_path / f"wide.{suffix}"), wide)
    found = read(tmp_path / f"wide.{suffix}")
    np.testing.assert_array_equal(found.pixels[..., 0], wide)
    np.testing.assert_allclose(found.floats()[0, :3, 0], [0, 255, 1])


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_of_16_bit_colours_the_upper_8_are_read_and_that_is_told(tmp_path: Path, suffix: str) -> None:
    wide = noise(6, 4, 3, dtype=np.uint16)
    cv2.imwrite(str(tmp_path / f"wide.{suffix}"), wide)
    found = read(tmp_path / f"wide.{suffix}")
    np.testing.assert_array_equal(found.pixels, wide[..., ::-1] >> 8)
    assert found.told == ("8 of its 16 bits are read",)


def test_transparency_lies_over_white_and_that_is_told(tmp_path: Path) -> None:
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0] = [[200, 100, 0, 255], [200, 100, 0, 0], [255, 0, 0, 51]]
    Image.fromarray(rgba).save(tmp_path / "a.png")
    found = read(tmp_path / "a.png")
    # 51 of 255 is a fifth of red over white
    np.testing.assert_array_equal(found.pixels[0], [[200, 100, 0], [255, 255, 255], [255, 204, 204]])
    assert found.told == ("over white",)
    Image.fromarray(rgba[..., [0, 3]]).save(tmp_path / "la.png")
    np.testing.assert_array_equal(read(tmp_path / "la.png").pixels[0], [[200], [255], [255]])
    rgba[..., 3] = 255
    Image.fromarray(rgba).save(tmp_path / "opaque.png")
    assert read(tmp_path / "opaque.png").told == ()


def test_a_palette_gives_its_colours_and_a_clear_entry_white(tmp_path: Path) -> None:
    picture = Image.new("P", (3, 1))
    picture.putdata([0, 1, 2])
    picture.putpalette([255, 0, 0, 0, 255, 0, 1, 2, 3])
    picture.save(tmp_path / "p.png")
    np.testing.assert_array_equal(read(tmp_path / "p.png").pixels[0], [[255, 0, 0], [0, 255, 0], [1, 2, 3]])
    picture.save(tmp_path / "clear.png", transparency=1)
    np.testing.assert_array_equal(read(tmp_path / "clear.png").pixels[0], [[255, 0, 0], [255, 255, 255], [1, 2, 3]])


def test_cmyk_and_bilevel_become_colours_and_grey(tmp_path: Path) -> None:
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "red.jpg", quality=95)
    np.testing.assert_allclose(read(tmp_path / "red.jpg").pixels[8, 8], [255, 0, 0], atol=6)
    Image.new("1", (4, 2), 1).save(tmp_path / "white.png")
    np.testing.assert_array_equal(read(tmp_path / "white.png").pixels, np.full((2, 4, 1), 255))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    upright = noise(4, 6, 3)
    # what a camera stores: from here to upright, as the EXIF standard names the eight
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright),
        7: np.rot90(upright, 2).swapaxes(0, 1),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(read(tmp_path / "turned.png").pixels, upright)


def test_of_an_animation_the_first_frame_is_taken_and_that_is_told(tmp_path: Path) -> None:
    frames = [Image.new("L", (4, 4), value) for value in (10, 200, 90)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    found = read(tmp_path / "a.gif")
    assert found.told == ("the first of 3 frames",)
    assert set(found.pixels.flat) == {10}


def test_a_folder_gives_its_pictures_by_name_and_nothing_else(tmp_path: Path) -> None:
    for name, value in (("b.PNG", 2), ("a.bmp", 1), (".c.png", 3)):
        Image.new("L", (2, 2), value).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "folder.png").mkdir()
    found = images.read([str(tmp_path)])
    assert [photo.path.name for photo in found] == ["a.bmp", "b.PNG"]


def test_a_decompression_bomb_is_refused_by_its_header_alone(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    for side in (9_460, 60_000):  # just above the bound, and where Pillow itself raises
        head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        # no pixels at all: who decoded it would find it torn
        data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
        (tmp_path / "bomb.png").write_bytes(data)
        with pytest.raises(UsageError, match="more than 89,478,485"):
            read(tmp_path / "bomb.png")


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    Image.fromarray(noise(64, 64, 3)).save(tmp_path / "whole.png")
    data = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "torn.png").write_bytes(data[: len(data) // 2])
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "program.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    (tmp_path / "folder").mkdir()
    Image.fromarray(np.zeros((2, 2), np.int32)).save(tmp_path / "deep.tif")
    for name, why in (
        ("torn.png", "damaged"),
        ("text.jpg", "no picture"),
        ("empty.png", "no picture"),
        ("program.eps", "no picture"),
        ("folder", "no pictures are in this folder"),
        ("deep.tif", "32-bit"),
        ("whole.pgn", "no such file. Did you mean 'whole.png'"),
    ):
        with pytest.raises(UsageError, match=why):
            read(tmp_path / name)


@pytest.mark.parametrize("size", [(7, 5), (40, 90), (31, 62)])
def test_resizing_is_tensorflows_antialiased_one(size: tuple[int, int]) -> None:
    x = noise(31, 62, 3).astype(np.float32)
    wanted = tf.image.resize(x, size, method="bilinear", antialias=True).numpy()
    np.testing.assert_allclose(pixels.resized(x, size, "stretch"), wanted, atol=0.02)


def test_crop_is_the_middle_of_the_whole_picture_made_smaller() -> None:
    x = noise(10, 30, 1).astype(np.float32)
    whole = tf.image.resize(x, (5, 15), method="bilinear", antialias=True).numpy()
    np.testing.assert_allclose(pixels.resized(x, (5, 5), "crop"), whole[:, 5:10], atol=0.02)


def test_channels_become_those_of_the_model(tmp_path: Path) -> None:
    colour = noise(4, 4, 3)
    photo = images.Photo(tmp_path / "x", colour)
    grey = pixels.fitted([photo], Wants((4, 4), 1), None, "stretch")
    np.testing.assert_allclose(grey[0, ..., 0], np.asarray(Image.fromarray(colour).convert("L")), atol=0.51)
    flat = images.Photo(tmp_path / "y", colour[..., :1])
    np.testing.assert_array_equal(pixels.fitted([flat], Wants((4, 4), 3), None, "stretch")[0], colour[..., [0, 0, 0]])
    both = pixels.fitted([photo, flat], Wants((None, None), None), None, "stretch")
    assert both.shape == (2, 4, 4, 3)


def test_an_open_size_is_the_pictures_own_or_the_one_that_is_said(tmp_path: Path) -> None:
    two = [images.Photo(tmp_path / name, noise(*shape, 3)) for name, shape in (("a", (4, 6)), ("b", (5, 6)))]
    wants = Wants((None, None), 3)
    assert pixels.fitted(two[:1], wants, None, "stretch").shape == (1, 4, 6, 3)
    assert pixels.fitted(two, wants, (8, 9), "stretch").shape == (2, 8, 9, 3)
    with pytest.raises(UsageError, match=r"a 4x6, b 5x6.*--size"):
        pixels.fitted(two, wants, None, "stretch")
    with pytest.raises(UsageError, match="the model takes 12 10"):
        pixels.fitted(two, Wants((12, 10), 3), (8, 9), "stretch")


@pytest.mark.parametrize("family", ["mobilenet", "vgg16", "densenet"])
def test_preprocessing_is_that_of_keras_applications(family: str) -> None:
    x = noise(2, 4, 4, 3).astype(np.float32)
    kept = x.copy()
    made = scaling.preprocess(family)
    wanted = getattr(keras.applications, family).preprocess_input(x.astype(np.float64))
    np.testing.assert_allclose(made.apply(x), wanted, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(x, kept)
    low, high = made.ends()
    assert {"mobilenet": (-1, 1), "vgg16": (-123.68, 151.061), "densenet": (-2.1179, 2.64)}[family] == pytest.approx(
        (low, high), abs=1e-3
    )
    assert made.turns_colours() == (family == "vgg16")


def with_first(*first: L.Layer, name: str = "own") -> keras.Model:
    return keras.Sequential([keras.Input((8, 8, 3)), *first, L.Conv2D(2, 3), L.GlobalAveragePooling2D()], name=name)


def test_a_model_that_rescales_itself_is_given_0_to_255_and_another_0_to_1() -> None:
    assert scaling.told_by(with_first(L.Rescaling(1 / 127.5, -1))).ends() == (0, 255)
    assert scaling.told_by(with_first(L.Normalization(mean=[120, 120, 120], variance=[9, 9, 9]))).ends() == (0, 255)
    assert scaling.told_by(with_first(L.Normalization(mean=[0.5, 0.5, 0.5], variance=[1, 1, 1]))).ends() == (0, 1)
    assert scaling.told_by(with_first(L.Normalization(mean=0, variance=255**2))).ends() == (0, 255)
    assert scaling.told_by(with_first(L.Rescaling(255), L.Normalization(mean=127, variance=9))).ends() == (0, 1)
    assert scaling.told_by(with_first(L.Rescaling(2, -1))).ends() == (0, 1)
    default = scaling.told_by(with_first())
    assert default.ends() == (0, 1)
    assert "by default" in default.why
    inside = keras.Sequential([keras.Input((8, 8, 3)), with_first(L.Rescaling(1 / 255)), L.Dense(2)])
    assert scaling.told_by(inside).ends() == (0, 255)


@pytest.mark.parametrize("family", ["mobilenet", "vgg16", "densenet"])
def test_preprocessing_that_is_in_the_graph_takes_0_to_255(family: str, tmp_path: Path) -> None:
    x = keras.Input((8, 8, 3))
    keras.Model(x, L.Conv2D(2, 3)(getattr(keras.applications, family).preprocess_input(x))).save(tmp_path / "m.keras")
    assert scaling.told_by(keras.models.load_model(tmp_path / "m.keras")).ends() == (0, 255)


def test_arithmetic_that_is_for_0_to_1_takes_that() -> None:
    x = keras.Input((8, 8, 3))
    assert scaling.told_by(keras.Model(x, L.Conv2D(2, 3)((x - 0.5) * 2))).ends() == (0, 1)
    assert scaling.told_by(keras.Model(x, L.Conv2D(2, 3)(x * 255 - 127))).ends() == (0, 1)
    assert scaling.told_by(keras.Model(x, L.Conv2D(2, 3)(127.5 - x))).ends() == (0, 255)


def test_an_imagenet_model_tells_its_preprocessing_and_one_trained_otherwise_is_asked_about() -> None:
    ours = {"input_shape": (32, 32, 3), "alpha": 0.25, "weights": None}
    assert scaling.told_by(keras.applications.MobileNet(**ours)).ends() == (-1, 1)
    base = keras.applications.MobileNet(**ours, include_top=False)
    x = keras.Input((32, 32, 3))
    nested = keras.Model(x, L.Dense(2)(L.GlobalAveragePooling2D()(base(x))), name="mine")
    flat = keras.Model(base.input, L.Dense(2)(L.GlobalAveragePooling2D()(base.output)))
    for model, says in (
        (nested, "'mine' holds 'mobilenet_0.25_32', which is built as mobilenet"),
        (flat, "is built as mobilenet of keras.applications.*--preprocess mobilenet, or --range"),
        (keras.applications.MobileNet(**ours, classes=7), "is built as mobilenet"),
        (named("mobilenet_0.75_224"), "is named like mobilenet of"),
        (named("resnet50v2"), "is named like resnet_v2 of"),
    ):
        with pytest.raises(UsageError, match=says):
            scaling.told_by(model)
    for name in ("resnet_mini", "densely", "nets", "my_vgg16"):
        assert scaling.told_by(named(name)).ends() == (0, 1)


def test_every_family_of_keras_applications_is_known() -> None:
    assert set(families.names()) == {*families._KNOWN, "resnet50"}  # an older name of resnet


def named(name: str) -> keras.Model:
    """A small net of 1000 classes."""
    layers = [keras.Input((8, 8, 3)), L.Conv2D(1, 3), L.GlobalAveragePooling2D(), L.Dense(1000)]
    return keras.Sequential(layers, name=name)


def test_numbers_of_a_range_are_exactly_those_of_the_file() -> None:
    x = np.arange(256, dtype=np.float32)
    np.testing.assert_array_equal(scaling.between(0, 1).apply(x), x / np.float32(255))
    np.testing.assert_array_equal(scaling.between(0, 255).apply(x), x)
    assert scaling.between(-1, 1).ends() == (-1, 1)


def test_a_map_lies_over_the_whole_picture_in_its_own_proportions(tmp_path: Path) -> None:
    wide = images.Photo(tmp_path / "x", noise(300, 900, 3))
    fed = pixels.fitted([wide], Wants((12, 10), 3), None, "stretch")
    assert pixels.underlay([wide], fed, "stretch").shape == (1, 171, 512, 3)
    np.testing.assert_array_equal(pixels.underlay([wide], fed, "crop"), fed / np.float32(255))


def test_a_net_of_digits_without_an_axis_of_channels_sees_grey(command: Command, tmp_path: Path) -> None:
    made = keras.Sequential(
        [keras.Input((9, 9)), L.Reshape((9, 9, 1)), L.Conv2D(3, 3, name="c"), L.Flatten(), L.Dense(2)]
    )
    made.save(tmp_path / "digits.keras")
    grey = noise(9, 9)
    Image.fromarray(grey).save(tmp_path / "three.png")
    assert command("feature_maps", "digits.keras", "three.png", "--layer", "c", "--out", "f.npz") == 0
    with np.load(tmp_path / "f.npz") as found:
        wanted = made.layers[1](made.layers[0](grey[None] / np.float32(255))).numpy()
        np.testing.assert_allclose(found["values"], wanted, atol=1e-5)


def test_the_small_net_has_no_rescaling() -> None:
    assert scaling.told_by(net()).ends() == (0, 1)
