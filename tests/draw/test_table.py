"""How are rows and columns set?"""

from __future__ import annotations

import numpy as np

from keras_vis.draw import table


def test_numbers_have_thousands_separators_and_a_columns_own_decimals():
    assert table.column_text([1, 1234567, None]) == ["1", "1,234,567", ""]
    assert table.column_text([0.5, -12.3456, 7]) == ["0.50", "\u221212.35", "7"]
    assert table.column_text([0.0, 0.25]) == ["0.0000", "0.2500"]
    assert table.column_text([1e-9, 2.5e-9]) == ["1.000e\u221209", "2.500e\u221209"]
    assert table.column_text([float("nan"), np.float32(1)]) == ["nan", "1.000"]
    assert table.column_text([True, False]) == ["True", "False"]


def test_text_is_aligned_with_numbers_to_the_right_and_nesting_kept():
    rows = (("input", 0), ("  conv_1", 36928))
    assert table.table_text(("layer", "parameters"), rows, "Lenet").split("\n") == [
        "Lenet",
        "layer     parameters",
        "--------  ----------",
        "input              0",
        "  conv_1      36,928",
    ]


def test_a_row_more_makes_the_picture_one_row_taller():
    rows = [(f"conv_{i}", i) for i in range(60)]
    heights = [table.table_sheet(("layer", "parameters"), rows[:n], "").shape[0] for n in (1, 2, 60)]
    step = heights[1] - heights[0]
    assert step > 15
    assert heights[2] == heights[0] + 59 * step


def test_a_nested_name_is_drawn_indented():
    def left(name: str) -> int:
        sheet = table.table_sheet(("layer",), ((name,),), "")
        return int(np.flatnonzero((sheet[33:49] < 130).any((0, 2))).min())

    assert left("    a") >= left("a") + 12


def test_a_table_without_rows_is_drawn():
    assert table.table_sheet(("layer",), (), "Nothing").shape[2] == 3
    assert table.table_text(("layer",), (), "") == "layer\n-----"


def test_what_is_rounded_to_nothing_has_no_sign():
    assert table.column_text([-4e-5, 0.5]) == ["0.0000", "0.5000"]
