"""How do words become pixels?"""

from __future__ import annotations

import numpy as np

from keras_vis.draw import text


def test_no_line_is_wider_than_its_tile_and_no_letter_is_lost():
    name = "American black bear, black bear, Ursus americanus, Euarctos americanus"
    for width in (60, 96, 140, 300):
        lines = text.wrap(name, width)
        assert all(text.measure(line) <= width for line in lines)
        assert "".join(lines).replace(" ", "") == name.replace(" ", "")


def test_a_word_wider_than_its_tile_is_broken_not_cut_off():
    lines = text.wrap("conv_dw_13_depthwise_kernel", 50)
    assert len(lines) > 1
    assert "".join(lines) == "conv_dw_13_depthwise_kernel"


def test_a_layers_name_is_broken_at_its_joints():
    name = "guided_backpropagation_of_each_class"
    lines = text.wrap(name, text.measure("guided_backpropagation_of_e"))
    assert lines == ["guided_backpropagation_of_", "each_class"]
    # a joint near the start would leave a line all but empty
    assert text.wrap("a_backpropagation", text.measure("a_backprop")) == ["a_backprop", "agation"]


def test_a_third_line_is_saved_by_a_smaller_font():
    words = "brown bear, bruin, Ursus arctos"
    width = text.measure(words, 12) // 2
    while len(text.wrap(words, width, 12)) < 3:
        width -= 1
    lines, size = text.fit(words, width)
    assert len(lines) == 2
    assert size < 12


def test_a_caption_as_long_as_a_page_ends_in_an_ellipsis():
    lines, size = text.fit("word " * 200, 100)
    assert len(lines) == 8
    assert lines[-1].endswith("\u2026")
    assert text.measure(lines[-1], size) <= 100


def test_a_block_is_as_wide_as_it_was_asked_for_and_dark_grey_on_white():
    block = text.block("7  p = 0.998", 140)
    assert block.shape == (16, 140, 3)
    assert block.max() == 255
    assert block.min() <= 70
    assert (block[:, -20:] == 255).all()


def test_alignment_moves_the_ink():
    ink = [
        np.flatnonzero((text.block("7", 100, align=a) < 200).any((0, 2))).mean() for a in ("left", "centre", "right")
    ]
    assert ink[0] < 10
    assert 40 < ink[1] < 60
    assert ink[2] > 90


def test_an_empty_caption_takes_no_height():
    assert text.block("", 100).shape == (0, 100, 3)


def test_numbers_are_short_and_have_a_true_minus():
    assert [text.number(x) for x in (0, -0.0, 0.012345, -1.25e-5, 1234, 0.5)] == [
        "0",
        "0",
        "0.0123",
        "\u22121.25e\u22125",
        "1.23e3",
        "0.5",
    ]


def test_changing_a_block_does_not_change_the_next_one():
    text.block("7", 20)[:] = 0
    assert text.block("7", 20).max() == 255


def test_a_line_holds_as_many_letters_as_fit():
    rng = np.random.default_rng(0)
    for _ in range(100):
        word = "".join(rng.choice(list("ilWmAV\u65e5"), rng.integers(2, 30)))
        width, left = int(rng.integers(5, 120)), word
        for line in text.wrap(word, width):
            most = max(n for n in range(1, len(left) + 1) if n == 1 or text.measure(left[:n]) <= width)
            assert line == left[:most]
            left = left[most:]
        assert not left


def test_of_a_word_of_a_thousand_letters_few_widths_are_measured():
    text._length.cache_clear()
    text.wrap("w" * 1000, 22)
    # two letters a line, and for each line two or three widths that differ; not one for each letter that is left
    assert text._length.cache_info().misses + text._length.cache_info().hits < 3000


def test_what_is_cut_fits_and_tells_so():
    name = "conv_dw_13_depthwise_kernel"
    for width in (40, 90, 150):
        end, front = text.cut(name, width), text.cut(name, width, front=True)
        assert max(text.measure(end), text.measure(front)) <= width
        assert name.startswith(end[:-1])
        assert name.endswith(front[1:])
        assert text.measure(name[: len(end)] + "\u2026") > width  # one letter more
    assert text.cut(name, 300) == name
    assert text.cut("one\n" + name, 90) == "one\n" + text.cut(name, 90)
