"""How do dead units and zeros go over the epochs of a training?"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

from keras_vis.callbacks.named import named
from keras_vis.methods.census import unit_census
from keras_vis.picture import told_by
from keras_vis.picture.census import shares_over_epochs


class UnitCensus(named("UnitCensus", unit_census)):  # type: ignore[misc]
    """Count dead units, zeros and saturated values before training and after each epoch; and draw them over the epochs.

    Beside the frames, ``<directory>/<name>_over_epochs.png`` has a line for each layer: the share of dead units, and
    that of zeros. Dead units that jump up in the first epochs are the sign of a learning rate that is too high. A
    resumed training goes on with the lines: what the earlier frames tell is read from them.

    Args:
        *args: those of `keras_vis.unit_census` without the model: data.
        **options: its options, and those of `EpochVisualizer`.

    Example:
        >>> model.fit(x, y, callbacks=[kv.callbacks.UnitCensus(x_val)])
    """

    __module__ = "keras_vis.callbacks"

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Draw the net as it is; see `EpochVisualizer`."""
        self._shares: dict[int, dict[str, Any]] = {}
        super().on_train_begin(logs)

    def _write_start(self) -> None:
        super()._write_start()
        if self.epoch == 0 and self._drawn < 0:
            self._over_epochs().unlink(missing_ok=True)  # another training's

    def _over_epochs(self) -> pathlib.Path:
        return self.directory / f"{self.folder.name}_over_epochs.png"

    def _write(self, picture: Any, epoch: int) -> None:
        super()._write(picture, epoch)
        # By the frames that are there: those of the part before are among them, those that were removed are not.
        told = {
            number: self._shares.get(number) or told_by(self.frames.path(number)) for number in self.frames.epochs()
        }
        self._shares = {**told, epoch: dict(picture.about)}
        lines = {number: facts for number, facts in self._shares.items() if "shares" in facts}
        shares_over_epochs(lines).save(self._over_epochs())
