"""Who agrees with whom: the model, people and the truth?"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from keras_vis.engine.layers import nearest
from keras_vis.engine.stream import Stream
from keras_vis.engine.verdicts import classifier, fits, ratings, verdicts
from keras_vis.engine.words import Labels, class_names, percent
from keras_vis.measure.agreement import Kept, cohen, differing, surest, tally
from keras_vis.picture import Chart, Images, Table, about

_MODEL, _TRUTH = "model", "truth"
_COLUMNS = ("first", "second", "rated by both", "differ", "agreement", "kappa", "95 % from", "95 % to")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Raters(Table):
    """How far each two of the model, the truth and people agree: a row for each pair.

    It can be taken apart: ``table, images = kv.compare_raters(...)``, the images being `differences()`.

    Attributes:
        names: m, of the raters: the model, the truth, then people.
        ratings: ``(m, n)``, int64, the class that each gave to each image; −1 where none.
        confidence: ``(n,)``, the probability of the class that the model predicts; NaN where it gives none.
        lead: ``(n,)``, its logit minus the next one's.
        classes: the names of the classes.
        images: ``(p, h, w, c)``, of the images over which two differ those of which the model is surest; no others are
            kept.
        places: ``(p,)``, int64, which they are in the data, ascending.
        most: how many of each pair are kept.
    """

    names: Sequence[str]
    ratings: np.ndarray
    confidence: np.ndarray
    lead: np.ndarray
    classes: Sequence[str]
    images: np.ndarray
    places: np.ndarray
    most: int

    def __iter__(self) -> Iterator[Table | Images | None]:
        """Give the table, and the images over which the model and the truth differ."""
        return iter((self, self.differences()))

    def confusion(self, rows: str = _TRUTH, columns: str = _MODEL) -> Chart:
        """Count how often what is one class to one rater is which class to the other.

        Args:
            rows: a rater's name.
            columns: another's.

        Returns:
            A `Chart` of kind ``"matrix"`` with ``counts`` ``(classes, classes)``, int64, of the images that both rated.

        Raises:
            ValueError: there is no such rater.
        """
        first, second = (self.ratings[self._find(name)] for name in (rows, columns))
        counts = tally(first, second, len(self.classes))
        kappa = cohen(counts)
        note = f"{counts.sum():,} images, {counts.sum() - np.trace(counts):,} of them differ"
        if kappa is not None:
            note += f"; \u03ba = {kappa[0]:z.4f}"
        text = {
            "title": f"What does {_called(columns)} take for what?" if rows == _TRUTH else f"{rows} and {columns}",
            "note": note,
            "names": self.classes,
            "rows": rows,
            "columns": columns,
        }
        return Chart("matrix", {"counts": counts}, text=text, about={**self.about, "pair": [rows, columns]})

    def differences(self, first: str = _MODEL, second: str = _TRUTH) -> Images | None:
        """Show the images over which two raters differ, those first of whose class the model is surest.

        Args:
            first: a rater's name.
            second: another's.

        Returns:
            `Images`, at most as many as have been kept; None where the two never differ.

        Raises:
            ValueError: there is no such rater.
        """
        rows = [self._find(name) for name in (first, second)]
        a, b = self.ratings[rows]
        apart = differing(a, b)
        if not apart.size:
            return None
        chosen = apart[surest(apart, self.confidence[apart], self.lead[apart], self.most)]
        shown = self.images[np.searchsorted(self.places, chosen)]
        count = f"the {len(chosen)} surest of {len(apart):,}" if len(chosen) < len(apart) else f"{len(apart):,} images"
        return Images(
            shown,
            captions=[self._caption(i, rows) for i in chosen.tolist()],
            title=f"Where do {_called(first)} and {_called(second)} differ? {count[0].upper()}{count[1:]}",
            note="those first of whose class the model is surest; # is the image's number in the data",
            about={**self.about, "pair": [first, second], "places": chosen},
        )

    def draw(self) -> np.ndarray:
        """Draw what the model takes for what, and below it the table of all pairs.

        Returns:
            uint8 RGB `(height, width, 3)`.
        """
        from keras_vis.draw import sheet

        return sheet.stack([self.confusion().draw(), super().draw()], sheet.GAP)

    def _find(self, name: str) -> int:
        if name not in self.names:
            raise ValueError(
                f"There is no rater {name!r}.{nearest(str(name), self.names)} There are: {', '.join(self.names)}."
            )
        return list(self.names).index(name)

    def _caption(self, image: int, rows: Sequence[int]) -> str:
        """Say who takes the image for what, and how sure the model is."""
        lines = [f"{self.names[row]} {self.classes[self.ratings[row, image]]}" for row in rows if row]
        sure = self.confidence[image]
        own = f"{self.names[0]} {self.classes[self.ratings[0, image]]}"
        return "\n".join([own + (f"  {percent(sure)}" if np.isfinite(sure) else ""), *lines]) + f"  #{image}"

    def _contents(self) -> tuple[dict[str, np.ndarray], dict[str, object]]:
        arrays, rest = super()._contents()
        own = {name: getattr(self, name) for name in ("ratings", "confidence", "lead", "images", "places")}
        return {**arrays, **own}, {**rest, "names": self.names, "classes": self.classes, "most": self.most}


def compare_raters(
    model: keras.Model,
    images: object,
    labels: object,
    raters: Mapping[str, object] | None = None,
    *,
    most: int = 50,
    names: Labels | None = None,
    output: str | None = None,
    input: int | str | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> Raters:
    """Let the model rate the images, and count how often each two of the model, the truth and people agree.

    The agreement p of a pair, the share of images to which both give one class, is held against what chance would
    give, e = Σ_c p_c q_c, with the shares of the images that each gives to class c: κ = (p − e) / (1 − e). It is 1
    where they always agree, and 0 where they agree as often as two who guess.

    Args:
        model: any Keras model of images that ends in a vector of classes.
        images: ``(n, h, w, c)``, a `tf.data.Dataset`, a `PyDataset` or an iterable of batches; gone through once.
        labels: ``(n,)``, the true classes; None for those that come with the images.
        raters: what people said, by their names: ``(n,)`` classes each; −1, NaN or None where one gave none.
        most: how many of the images over which two differ are kept for each pair.
        names: of the classes; by default their numbers.
        output: which output, by name, for a model of several.
        input: which input is shown, by name or index; by default the only one that holds images.
        batch: images at once, by default 256 small or 16 large ones; the values do not depend on it.
        progress: show a bar where it takes longer than a second.

    Returns:
        `Raters`, a `Table` of all pairs, with `.confusion(rows, columns)` and `.differences(first, second)`; as
        ``table, images`` it gives itself and the differences between the model and the truth. Its columns: how many
        images both rated, over how many they differ, p, κ, and between what κ lies with 95 %; κ is empty where both
        know one class only.

    Raises:
        TypeError: `model` is no Keras model, `images` no images, `raters` no mapping; classes that are no numbers.
        ValueError: classes that are not as many as the images, no whole numbers or no classes of the model; a rater
            called "model" or "truth"; `most` < 1; an unknown output, or one that is no vector of classes.

    Source:
        Cohen 1960, "A coefficient of agreement for nominal scales", equation 1. Its standard error: Fleiss, Cohen &
        Everitt 1969, "Large sample standard errors of kappa and weighted kappa".

    Example:
        >>> table, images = kv.compare_raters(model, x_test, y_test, {"Anna": anna, "Ben": ben})
        >>> table.differences("model", "Anna").save("anna.png")
    """
    if isinstance(most, bool) or not isinstance(most, int | np.integer) or most < 1:
        raise ValueError(f"`most` must be a positive whole number of images; received {most!r}.")
    stream = Stream(model, images, batch=batch, argument="images")
    which = stream.first.pick_input(input)
    end, facts = classifier(model, stream, output)
    classes = class_names(names, facts.classes, "names")
    truth = None if labels is None else ratings(labels, facts.classes, "labels")
    people = _people(raters, facts.classes)
    known = {"labels": truth} if truth is not None else {}
    for argument, given in {**known, **{f"raters[{name!r}]": given for name, given in people.items()}}.items():
        if stream.count is not None:
            fits(given, stream.count, argument)
    kept = Kept(int(most), 2 + len(people))
    parts = []
    for part in verdicts(model, stream, truth, end, what="compare_raters", progress=progress):
        rows = part.piece.rows
        for name, given in people.items():
            fits(given, rows.stop, f"raters[{name!r}]", more=True)
        said = np.stack([part.predicted, part.truth, *(given[rows] for given in people.values())])
        kept.offer(said, part.sure, part.lead, part.piece.batch.shown(which), rows.start)
        parts.append((said, part.sure, part.lead))
    for name, given in people.items():
        fits(given, len(stream), f"raters[{name!r}]")
    all_, sure, lead = (np.concatenate(one, axis=-1) for one in zip(*parts, strict=True))
    who = (_MODEL, _TRUTH, *people)
    pairs = itertools.combinations(range(len(who)), 2)
    return Raters(
        _COLUMNS,
        tuple((who[a], who[b], *_figures(tally(all_[a], all_[b], facts.classes))) for a, b in pairs),
        title="Who agrees with whom?",
        names=who,
        ratings=all_,
        confidence=sure,
        lead=lead,
        classes=classes,
        images=kept.images(part.piece.batch.shown(which)),
        places=kept.places,
        most=int(most),
        about=about("compare_raters", raters=list(people), most=int(most), output=end, input=stream.first.names[which]),
    )


def _people(raters: object, classes: int) -> dict[str, np.ndarray]:
    if raters is None:
        return {}
    if not isinstance(raters, Mapping):
        raise TypeError(f"`raters` must be a dict of each one's classes, by name; received {type(raters).__name__}.")
    for name in raters:
        if not isinstance(name, str) or not name.strip():
            raise TypeError(f"`raters`: a name must be a string, and not empty; received {name!r}.")
        if name in (_MODEL, _TRUTH):
            raise ValueError(f"`raters`: nobody may be called {name!r}: so the {name} itself is. Take another name.")
    return {name: ratings(given, classes, f"raters[{name!r}]", unrated=True) for name, given in raters.items()}


def _figures(counts: np.ndarray) -> tuple[object, ...]:
    total, same = int(counts.sum()), int(np.trace(counts))
    kappa = cohen(counts)
    return (total, total - same, same / total if total else None, *(kappa or (None, None, None)))


def _called(name: str) -> str:
    return f"the {name}" if name in (_MODEL, _TRUTH) else name
