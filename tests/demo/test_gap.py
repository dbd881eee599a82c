"""The demo's net gets heads that a class activation map can read, and stays what it was."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_demo.data import Digits


def test_two_copies_are_cut_and_trained_and_the_net_is_left_as_it_is(
    digits: tuple[np.ndarray, np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    from mnist_demo import gap
    from mnist_demo.net import tutorial_net

    x, y = digits
    few = Digits(x[:64], y[:64], x[64:128], y[64:128], "the first of the test digits")
    net = tutorial_net()
    before = net.get_weights()
    picture = gap.gap_cams(net, few, x[:3], y[:3], least=4)
    for kept, now in zip(before, net.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, now)
    assert all(layer.trainable for layer in net.layers)
    assert [part.values.shape for part in picture.maps] == [(3, 12, 12), (3, 24, 24)]
    assert all(part.signed for part in picture.maps)
    assert picture.names[0].startswith("cut after pool: 12×12, ")
    assert picture.names[1].startswith("cut after conv_2: 24×24, ")
    assert [caption.split()[0] for caption in picture.captions] == [str(label) for label in y[:3]]
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert all(name in said for name in picture.names)
