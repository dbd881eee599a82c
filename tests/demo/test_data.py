"""Digits are found, read and refused as the demo's help says."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mnist_demo import fetch
from mnist_demo.__main__ import main
from mnist_demo.data import DataError, Digits, load_digits, sklearn_digits

N, N_TEST = 40, 10


@pytest.fixture(autouse=True)
def nothing_but_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder of the environment, an empty Keras cache, and a network that nobody may ask."""
    monkeypatch.delenv("KERAS_VIS_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(fetch, "URL", "http://localhost:1/mnist.npz")  # a port at which nothing listens


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    """A small MNIST of noise, with both ends of the range in it."""
    rng = np.random.default_rng(1)
    made = {
        "x_train": rng.integers(0, 256, (N, 28, 28), np.uint8),
        "y_train": rng.integers(0, 10, N, np.uint8),
        "x_test": rng.integers(0, 256, (N_TEST, 28, 28), np.uint8),
        "y_test": rng.integers(0, 10, N_TEST, np.uint8),
    }
    made["x_train"][0, 0, :2] = 0, 255
    return made


def write_npz(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    np.savez(path, **arrays)
    return path


def write_idx(
    folder: Path, arrays: dict[str, np.ndarray], separator: str = "-", pack: Callable[[bytes], bytes] | None = None
) -> Path:
    folder.mkdir()
    for key, array in arrays.items():
        stem = f"{'t10k' if 'test' in key else 'train'}-{'images' if key[0] == 'x' else 'labels'}"
        data = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">i4").tobytes() + array.tobytes()
        name = f"{stem}{separator}idx{array.ndim}-ubyte{'.gz' if pack else ''}"
        (folder / name).write_bytes(pack(data) if pack else data)
    return folder


def write_csv(path: Path, x: np.ndarray, y: np.ndarray) -> Path:
    header = ",".join(["label", *(f"pixel{i}" for i in range(784))])
    np.savetxt(path, np.column_stack([y, x.reshape(-1, 784)]), "%d", ",", header=header, comments="")
    return path


def same(digits: Digits, arrays: dict[str, np.ndarray]) -> bool:
    return all(
        np.array_equal(getattr(digits, key), array[..., None] / np.float32(255) if key[0] == "x" else array)
        for key, array in arrays.items()
    )


def test_each_layout_of_the_same_digits_gives_the_same_numbers(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    (tmp_path / "folder").mkdir()
    paths = [
        write_npz(tmp_path / "mnist.npz", arrays),
        write_npz(tmp_path / "folder" / "mnist.npz", arrays).parent,
        write_idx(tmp_path / "plain", arrays),
        write_idx(tmp_path / "points", arrays, "."),
        write_idx(tmp_path / "packed", arrays, pack=gzip.compress),
    ]
    for path in paths:
        digits = load_digits(path)
        assert same(digits, arrays), path
        assert str(path) in digits.source
        assert "\n" not in digits.source


def test_images_are_float32_from_0_to_1_with_a_channel_and_labels_are_int64(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    digits = load_digits(write_npz(tmp_path / "mnist.npz", arrays))
    assert (digits.x_train.dtype, digits.y_test.dtype) == (np.float32, np.int64)
    assert digits.x_train.shape == (N, 28, 28, 1)
    assert (digits.x_train.min(), digits.x_train.max()) == (0.0, 1.0)


def test_a_fixed_fifth_of_kaggles_table_is_held_back_and_no_row_is_lost(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    x, y = arrays["x_train"], arrays["y_train"]
    file = write_csv(tmp_path / "train.csv", x, y)
    first, again, folder = load_digits(file), load_digits(file), load_digits(tmp_path)
    assert (len(first.x_train), len(first.x_test)) == (32, 8)
    for other in (again, folder):
        np.testing.assert_array_equal(first.x_test, other.x_test)
    found = np.concatenate([first.x_train, first.x_test])[..., 0] * 255
    rows = [int(np.flatnonzero((x == np.rint(image)).all((1, 2)))[0]) for image in found]
    assert sorted(rows) == list(range(N))
    np.testing.assert_array_equal(np.concatenate([first.y_train, first.y_test]), y[rows])


def test_a_table_with_quotes_a_mark_of_utf_8_and_windows_line_ends_is_read_alike(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    file = write_csv(tmp_path / "train.csv", arrays["x_train"], arrays["y_train"])
    plain = load_digits(file)
    head, rows = file.read_text().split("\n", 1)
    quoted = ",".join(f'"{name}"' for name in head.split(","))
    file.write_bytes(b"\xef\xbb\xbf" + f"{quoted}\n{rows}".replace("\n", "\r\n").encode())
    np.testing.assert_array_equal(load_digits(file).x_train, plain.x_train)


def cut(path: Path, to: float = 0.6) -> Path:
    path.write_bytes(path.read_bytes()[: int(to * path.stat().st_size)])
    return path


def edited(path: Path, old: str, new: str) -> Path:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


def broken_inputs(folder: Path, arrays: dict[str, np.ndarray]) -> Iterator[tuple[Path, str]]:
    """Every way to be wrong, and what its message must name."""

    def npz(name: str, **changes: np.ndarray) -> Path:
        return write_npz(folder / f"{name}.npz", arrays | changes)

    def csv(name: str) -> Path:
        return write_csv(folder / f"{name}.csv", arrays["x_train"], arrays["y_train"])

    def file(name: str, content: bytes) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    yield folder / "missing.npz", "no such file"
    yield folder / "missing.csv", "no such file"
    yield folder / "missing", "no such file"
    yield file("digits.txt", b"1 2 3"), "mnist.npz"
    yield file("empty.npz", b""), "cut short"
    yield file("text.npz", b"not an archive"), "no .npz"
    yield cut(npz("half")), "cut short"
    yield npz("shape", x_train=np.zeros((N, 32, 32), np.uint8)), "(40, 32, 32)"
    yield npz("none", x_test=np.zeros((0, 28, 28), np.uint8)), "(0, 28, 28)"
    yield npz("fewer", y_train=arrays["y_train"][:-1]), "(39,)"
    yield npz("wide", x_train=arrays["x_train"].astype(np.int32) + 1), "1 to 256"
    yield npz("letters", y_test=arrays["y_test"] + 10), "wanted 0 to 9"
    yield npz("floats", x_train=arrays["x_train"] / 255), "float64"
    yield npz("pickled", y_train=np.array([object()] * N)), "allow_pickle"
    yield write_npz(folder / "keys.npz", {"images": arrays["x_train"]}), "`x_train`"
    yield edited(csv("unlabelled"), "label,", ""), "no column `label`"
    yield edited(csv("renamed"), "pixel7,", "pixel_7,"), "`pixel_7`"
    yield edited(csv("short_row"), "\n", "\n3,1\n"), "785"
    yield edited(csv("narrow"), ",pixel783", ""), "784"
    yield edited(csv("bright"), ",255,", ",256,"), "256"
    yield edited(csv("negative"), ",0,", ",-1,"), "-1"
    yield edited(csv("word"), ",255,", ",white,"), "white"
    yield edited(csv("blank"), ",0,", ",,"), "0 to 255"
    yield cut(csv("cut")), "785"
    yield file("head.csv", csv("whole").read_bytes().split(b"\n")[0]), "no rows"
    yield file("nothing.csv", b""), "no column `label`"
    yield file("binary.csv", bytes(range(256)) * 9), "not a text file"
    (folder / "bare").mkdir()
    yield folder / "bare", "no digits"
    three = write_idx(folder / "three", arrays)
    (three / "t10k-labels-idx1-ubyte").unlink()
    yield three, "t10k-labels"
    yield write_idx(folder / "one", arrays) / "train-images-idx3-ubyte", "folder"
    yield cut(write_idx(folder / "cut_idx", arrays) / "train-images-idx3-ubyte").parent, "train-images-idx3-ubyte"
    torn = write_idx(folder / "torn", arrays, pack=gzip.compress)
    yield cut(torn / "t10k-images-idx3-ubyte.gz").parent, "t10k-images-idx3-ubyte.gz"
    fake = write_idx(folder / "unpacked", arrays, pack=lambda data: data)
    yield fake, "train-images-idx3-ubyte.gz"
    swapped = write_idx(folder / "swapped", arrays)
    (swapped / "train-labels-idx1-ubyte").write_bytes((swapped / "train-images-idx3-ubyte").read_bytes())
    yield swapped, "1 dimension"


def test_each_broken_input_is_refused_in_one_line_that_names_it(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    for path, named in broken_inputs(tmp_path, arrays):
        with pytest.raises(DataError) as caught:
            load_digits(path)
        message = str(caught.value)
        assert message.startswith(f"`{path}`: ")
        assert named in message, message
        assert "\n" not in message
        assert "wanted" in message or "accepted" in message or "give the folder" in message, message


def test_a_folder_named_by_the_environment_is_used_or_refused_by_that_name(
    tmp_path: Path, arrays: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_npz(tmp_path / "mnist.npz", arrays)
    monkeypatch.setenv("KERAS_VIS_DATA", str(tmp_path))
    assert same(load_digits(), arrays)
    monkeypatch.setenv("KERAS_VIS_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(DataError, match="KERAS_VIS_DATA="):
        load_digits()


def test_the_file_that_is_fetched_is_the_one_that_keras_names(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    monkeypatch.undo()  # our own URL again
    asked: dict[str, str] = {}

    def note(**options: str) -> str:
        asked.update(options)
        raise ConnectionAbortedError

    monkeypatch.setitem(keras.datasets.mnist.load_data.__globals__, "get_file", note)
    with pytest.raises(ConnectionAbortedError):
        keras.datasets.mnist.load_data()
    assert (asked["origin"], asked["file_hash"]) == (fetch.URL, fetch.SHA256)


def test_the_cache_is_used_where_its_hash_is_right_and_the_network_is_asked_where_not(
    arrays: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch.cache_path().parent.mkdir(parents=True)
    data = write_npz(fetch.cache_path(), arrays).read_bytes()
    digits = load_digits()
    assert "scikit-learn" in digits.source
    assert f"{fetch.cache_path()} is not the file" in digits.source
    monkeypatch.setattr(fetch, "SHA256", hashlib.sha256(data).hexdigest())
    assert same(load_digits(), arrays)


class Server:
    """A network of one machine: gives what it is told to, or holds the line in silence."""

    def __init__(self) -> None:
        self.content: bytes | None = None
        self.asked = threading.Event()
        self.ended = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.set()
                if outer.content is None:
                    outer.ended.wait(30)
                    return
                self.send_response(200)
                self.end_headers()
                self.wfile.write(outer.content)

            def log_message(self, *_: object) -> None:
                pass

        self.http = http.server.ThreadingHTTPServer(("localhost", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.ended.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server()
    monkeypatch.setattr(fetch, "URL", f"http://localhost:{server.http.server_port}/mnist.npz")
    yield server
    server.close()


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_what_the_network_gives_is_used_and_kept_for_keras(
    tmp_path: Path, arrays: dict[str, np.ndarray], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = io.BytesIO()
    np.savez(file, **arrays)
    server.content = file.getvalue()
    monkeypatch.setattr(fetch, "SHA256", hashlib.sha256(server.content).hexdigest())
    assert same(load_digits(), arrays)
    assert fetch.cache_path().read_bytes() == server.content
    assert files(tmp_path) == ["keras", "keras/datasets", "keras/datasets/mnist.npz"]


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "nothing came for 0.5 seconds"), (b"login page", "another file")]
)
def test_a_network_that_hangs_or_lies_is_given_up_within_seconds_and_leaves_nothing(
    tmp_path: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    content: bytes | None,
    reason: str,
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen):
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    server.content = content
    begun = time.monotonic()
    digits = load_digits(offline_seconds=0.5)
    assert time.monotonic() - begun < 5
    assert "scikit-learn" in digits.source
    assert reason in digits.source
    assert [process.returncode is not None for process in started] == [True]
    assert files(tmp_path) == []
    assert capfd.readouterr() == ("", "")


def test_without_a_network_1797_real_digits_are_split_80_to_20() -> None:
    digits = load_digits()
    assert (len(digits.x_train), len(digits.x_test)) == (1438, 359)
    assert digits.x_train.dtype == np.float32
    assert "could not be fetched" in digits.source
    assert set(digits.y_test) == set(range(10))


def test_enlarged_digits_have_mnists_ink_and_its_centre_of_mass() -> None:
    images, labels = sklearn_digits()
    assert images.shape == (1797, 28, 28)
    assert images.mean() / 255 == pytest.approx(0.1307, abs=0.005)  # MNIST's mean
    grid = np.arange(28)
    mass = images.sum((1, 2), dtype=float)
    rows, columns = images.sum(2) @ grid / mass, images.sum(1) @ grid / mass
    assert abs(np.concatenate([rows, columns]) - 13.5).max() <= 0.5
    centres = np.stack([images[labels == digit].mean(0) for digit in range(10)])
    nearest = ((images[:, None].astype(np.float32) - centres) ** 2).sum((2, 3)).argmin(1)
    assert (nearest == labels).mean() > 0.85


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--data", "missing.npz"], "`--data missing.npz`: no such file"),
        (["--epochs", "0"], "--epochs"),
        (["--epochs", "many"], "--epochs"),
        (["--train-limit", "-3"], "--train-limit"),
        (["--seed", "-1"], "--seed"),
        (["--out", "file"], "--out"),
        (["--out", "file/vis"], "--out"),
        (["--colour"], "--colour"),
    ],
)
def test_the_program_answers_a_wrong_argument_with_one_line_and_2_and_makes_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    named: str,
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    before = files(tmp_path)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert named in err
    assert files(tmp_path) == before


def test_ctrl_c_ends_the_program_with_130_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mnist_demo.__main__.load_digits", interrupted)
    assert main([]) == 130
    assert capsys.readouterr().err.strip().count("\n") == 0


def test_help_names_every_option_and_teaches_the_order_of_the_search(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    text = capsys.readouterr().out
    for word in ("--data", "--epochs", "--train-limit", "--out", "--seed", "--quick", "KERAS_VIS_DATA", "train.csv"):
        assert word in text


def test_the_tutorials_net_has_1199882_parameters_and_names_its_layers() -> None:
    from mnist_demo.net import tutorial_net

    net = tutorial_net()
    assert net.count_params() == 1_199_882
    assert [layer.name for layer in net.layers][:3] == ["conv_1", "conv_2", "pool"]
    assert net.layers[-1].name == "preds"
