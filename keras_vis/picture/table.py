"""What do rows and columns say?"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass

import numpy as np

from keras_vis.picture.base import RESERVED, Picture


@dataclass(frozen=True, eq=False, repr=False)
class Table(Picture):
    """Rows and columns.

    Attributes:
        columns: the names of the columns.
        rows: a tuple of cells for each row: numbers, strings, None for an empty one. Leading spaces of a name indent
            it.
        title: a line above.

    Example:
        >>> table = kv.summary_table(model)
        >>> table.column("path")[0]
        'conv_1'
        >>> table.save("layers.csv")
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    _: KW_ONLY
    title: str = ""

    def __post_init__(self) -> None:
        """Check and convert every field."""
        super().__post_init__()
        self._set("columns", tuple(str(name) for name in self.columns))
        self._set("rows", tuple(tuple(row) for row in self.rows))
        if not self.columns or len(set(self.columns)) < len(self.columns):
            raise ValueError(
                f"`columns` must be different names, at least one. Received: {', '.join(self.columns) or 'none'}."
            )
        for i, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise ValueError(
                    f"`rows[{i}]` has {len(row)} cells, but there are {len(self.columns)} columns: "
                    f"{', '.join(self.columns)}."
                )

    def column(self, name: str) -> list[object]:
        """Give the cells of one column, from the top.

        Args:
            name: of the column.

        Raises:
            ValueError: there is no such column.
        """
        if name not in self.columns:
            raise ValueError(f"`name={name!r}` is no column. There are: {', '.join(self.columns)}.")
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def draw(self) -> np.ndarray:
        """Draw the table, every row of it.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import table

        return table.table_sheet(self.columns, self.rows, self.title)

    def __str__(self) -> str:
        """Set the table as lines of text."""
        from keras_vis.draw import table

        return table.table_text(self.columns, self.rows, self.title)

    def _formats(self) -> dict[str, Callable[[], bytes]]:
        return {**super()._formats(), ".txt": lambda: f"{self}\n".encode(), ".csv": self._csv}

    def _csv(self) -> bytes:
        file = io.StringIO(newline="")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(["" if cell is None else str(cell) for cell in row] for row in self.rows)
        return file.getvalue().encode()

    def _contents(self) -> tuple[dict[str, np.ndarray], dict[str, object]]:
        from keras_vis.draw import table

        arrays = {}
        for name in self.columns:
            cells = self.column(name)
            key = f"{name}_" if name in RESERVED else name
            if table.numeric(cells):
                arrays[key] = np.array([np.nan if cell is None or cell == "" else cell for cell in cells])
            else:
                arrays[key] = np.array(["" if cell is None else str(cell) for cell in cells], dtype=np.str_)
        return arrays, {"columns": self.columns, "title": self.title}
