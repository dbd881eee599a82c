"""Does the page tell of each frame, curve and time what is known of it, also where epochs are far apart?"""

from __future__ import annotations

import json

import pytest

import keras_vis as kv
from tests.report.runs import LAST, drawn, run, settled, until

# Of one picture: seconds, change; of "b" other epochs. The whole page has epochs 2, 3, 5, 10 and 100.
FRAMES = {2: (None, None), 5: (0.5, 0.25), 100: (0.25, 0.0)}
SCALE = [0.1, 0.2]


@pytest.fixture(scope="module")
def sparse(tmp_path_factory):
    """Two pictures drawn at different epochs, far apart, with all that a callback tells of them."""
    directory = tmp_path_factory.mktemp("sparse")
    for epoch in FRAMES:
        drawn(directory / "a" / f"epoch-{epoch:04d}.png", method="a")
    drawn(directory / "a" / "epoch-0005.npz")
    (directory / "a" / "epochs.gif").write_bytes(b"GIF89a")
    for epoch in (3, 10):
        drawn(directory / "b" / f"epoch-{epoch:04d}.png", method="b")
    logs = {3: {"lr": 0.5, "loss": 4.0, "acc": 0.25}, 5: {"lr": 0.25, "loss": 2.0, "acc": 0.5}}
    logs[10] = {"lr": 0.125, "loss": 1.0, "acc": 0.75}
    told = {
        "frames": {epoch: {"seconds": took, "drift": change} for epoch, (took, change) in FRAMES.items()},
        "logs": logs,
        "epoch_seconds": {"3": 3000.0, "5": 899.7},
        "about": {"method": "a", "scale": SCALE},
        "drift_measure": "1 - cosine",
        "sparing": "drawn now and then",
        "failure": "writing failed at epoch 7",
    }
    (directory / "a" / "frames.json").write_text(json.dumps(told))
    frames = {3: {"seconds": None}, 10: {"seconds": 39.0, "drift": 0.5}}
    (directory / "b" / "frames.json").write_text(json.dumps({**told, "frames": frames, "sparing": "", "failure": ""}))
    kv.report.write_page(directory)
    return directory


def card(page, place):
    """What a card says: its epoch, its line of words, the file that it opens, its raw numbers, the picture."""
    box = page.locator(".card").nth(place)
    raw = box.get_by_role("link", name="Raw numbers")
    opens = box.locator(".sheet").first.get_attribute("href")
    return (
        box.locator(".when").inner_text(),
        box.locator(".told").first.inner_text(),
        opens.partition("?")[0],
        raw.get_attribute("href") if raw.is_visible() else None,
        box.locator(".sheet img").first.get_attribute("alt"),
    )


def test_a_card_shows_the_last_frame_by_the_epoch_and_tells_its_seconds_its_change_and_its_numbers(sparse, visit):
    page = visit(sparse, "epoch=10")
    scale, mean = "scales 0.1 to 0.2", "(mean 0.38 s)"
    of_5 = ("epoch 5", f"{scale} · drawn in 0.5 s {mean} · changed by 0.25", "a/epoch-0005.png", "a/epoch-0005.npz")
    of_10 = ("epoch 10", f"{scale} · drawn in 39 s · changed by 0.5", "b/epoch-0010.png", None)
    settled(page, "epoch-0005.png", 0)
    settled(page, "epoch-0010.png", 2)
    assert page.locator("#which").inner_text() == "10 of 100"
    assert (card(page, 0), card(page, 1)) == ((*of_5, "a, epoch 5"), (*of_10, "b, epoch 10"))
    page.keyboard.press("ArrowRight")
    settled(page, "epoch-0100.png", 0)
    told = f"{scale} · drawn in 0.25 s {mean} · changed by 0"
    assert card(page, 0) == ("epoch 100", told, "a/epoch-0100.png", None, "a, epoch 100")
    assert card(page, 1) == (*of_10, "b, epoch 10")
    # before its first frame a picture shows that one, and says so
    page.keyboard.press("Home")
    settled(page, "epoch-0003.png", 2)
    assert page.locator("#which").inner_text() == "2 of 100"
    assert card(page, 0)[:2] == ("epoch 2", scale)
    assert card(page, 1) == ("epoch 3", scale, "b/epoch-0003.png", None, "b, epoch 3")
    page.get_by_label("compare").check()
    page.locator("#with").fill("2")
    settled(page, "epoch-0005.png", 1)
    assert page.locator("figcaption.at").all_inner_texts() == ["epoch 2", "epoch 5", "epoch 3", "epoch 3"]


def test_a_card_says_what_was_spared_and_what_failed_and_leads_to_the_film(sparse, visit):
    page = visit(sparse)
    first, second = page.locator(".card").nth(0), page.locator(".card").nth(1)
    assert first.locator(".told").nth(1).inner_text() == "drawn now and then"
    assert first.locator(".failure").inner_text() == "writing failed at epoch 7"
    assert first.get_by_role("link", name="Film").get_attribute("href").startswith("a/epochs.gif?")
    assert second.locator(".failure, .told:nth-of-type(2)").count() == 0
    assert second.get_by_role("link", name="Film").count() == 0


def test_the_address_has_epochs_and_not_places_and_one_that_is_gone_is_the_last_before_it(sparse, visit):
    page = visit(sparse, "epoch=9&with=4")
    assert (page.locator("#which").inner_text(), page.locator("#whichwith").inner_text()) == ("5 of 100", "3")
    page.locator("#epoch").fill("3")
    until(page, "location.hash === '#epoch=10&with=3'")
    # what the epoch is first compared with is the first
    page.get_by_label("compare").uncheck()
    page.get_by_label("compare").check()
    assert page.locator("#whichwith").inner_text() == "2"
    page.keyboard.press("Control+ArrowLeft")
    assert page.locator("#which").inner_text() == "10 of 100"


def test_play_goes_from_drawing_to_drawing_and_a_hand_on_the_slider_stops_it(tmp_path, visit):
    # the logs tell of six epochs, of which two are drawn
    logs = {epoch: {"loss": 1.0} for epoch in range(1, 7)}
    page = visit(run(tmp_path, ("a",), epochs=(0, 5), logs=logs), "epoch=0")
    page.evaluate("""() => {
      const which = document.getElementById("which");
      window.seen = [];
      new MutationObserver(() => seen.push(which.textContent)).observe(which, {childList: true});
    }""")
    page.get_by_role("button", name="Play").click()
    until(page, "seen.length > 1")
    assert page.evaluate("seen.slice(0, 2)") == ["5 of 6", "0 of 6"]
    page.locator("#epoch").fill("1")
    assert page.locator("#play").inner_text() == "Play"


def test_a_hand_that_is_quicker_than_the_frames_load_ends_at_the_frame_where_it_stays(plain, visit):
    page = visit(plain)
    settled(page, f"epoch-000{LAST}.png", 0)
    for there in ([0, 1, 3], [2, 3, 0], [4, 0, 1]):
        page.evaluate(
            """there => {
              const slider = document.getElementById("epoch");
              for (const epoch of there) {
                slider.value = epoch;
                slider.dispatchEvent(new Event("input"));
              }
            }""",
            there,
        )
        for place in (0, 2):
            settled(page, f"epoch-000{there[-1]}.png", place)
        alts = page.locator(".sheet img").evaluate_all("all => all.map(one => one.alt)")
        assert [alt.partition(", ")[2] for alt in alts] == [f"epoch {there[-1]}"] * 2


def points(page, selector):
    """The epochs and values where circles of a chart stand, by the ticks of its axes."""
    chart = page.locator(selector).first
    ticks = chart.locator("text").evaluate_all(
        "all => all.map(one => [one.textContent, +one.getAttribute('x'), +one.getAttribute('y')])"
    )
    foot = max(y for _, _, y in ticks)
    assert all(0 < x < chart.bounding_box()["width"] for _, x, _ in ticks)
    across = sorted((float(text), x) for text, x, y in ticks if y == foot and text != "epoch")
    up = sorted((float(text.replace("−", "-")), y - 4) for text, _, y in ticks if y != foot)

    def read(axis, at):
        (low, a), (high, b) = axis[0], axis[-1]
        return low + (at - a) / (b - a) * (high - low)

    dots = chart.locator(".dot").evaluate_all(
        "all => all.map(one => [+one.getAttribute('cx'), +one.getAttribute('cy')])"
    )
    return [(read(across, x), read(up, y)) for x, y in dots]


def test_a_dot_stands_at_its_epoch_and_value_also_where_the_first_epoch_is_not_0(tmp_path, visit):
    logs = {epoch: {"acc": value} for epoch, value in ((10, 0.25), (11, 0.75), (13, 0.5), (20, 1.0))}
    page = visit(run(tmp_path, ("a",), epochs=(10, 12, 20), logs=logs), "epoch=13&with=11")
    assert points(page, ".chart .plot") == [
        pytest.approx((11, 0.75), abs=0.02),
        pytest.approx((13, 0.5), abs=0.02),
    ]
    # of an epoch without a value there is none
    page.locator("#epoch").fill("2")
    assert points(page, ".chart .plot") == [pytest.approx((11, 0.75), abs=0.02)]
    label = page.locator(".plot").first.get_attribute("aria-label")
    assert label == "acc over the epochs. At epoch 12: training 0.75."


def test_the_loss_is_first_the_rate_last_a_validation_with_its_metric_and_no_axis_goes_below_0(tmp_path, visit):
    losses = {1: 1.0, 2: 0.5, 3: 0.1, 4: 0.02}
    logs = {
        epoch: {"lr": 0.1, "acc": epoch / 10, "val_acc": epoch / 20, "val_loss": 0.7, "loss": loss}
        for epoch, loss in losses.items()
    }
    page = visit(run(tmp_path, ("a",), logs=logs))
    assert page.locator(".charts").first.locator("h3").all_inner_texts() == ["Loss", "Acc", "Lr"]
    for place in range(3):
        ticks = page.locator(".plot").nth(place).locator("text").all_text_contents()
        assert not [tick for tick in ticks if tick.startswith(("−", "-"))]
    # nor is there room below 0 where the least is close to it
    zero = page.locator(".plot").first.locator("text[text-anchor=end]:text-is('0.0')")
    foot = page.locator(".plot").first.locator(".now").get_attribute("d").partition("V")[2]
    assert float(zero.get_attribute("y")) - 4 == pytest.approx(float(foot))
    # each tick has its own number
    up = page.locator(".plot").nth(1).locator("text[text-anchor=end]").all_text_contents()[:-1]
    assert 3 <= len(set(up)) == len(up) <= 9


def test_a_number_alone_between_gaps_is_a_dot_and_those_of_a_line_are_none(tmp_path, visit):
    losses = {1: 1.0, 2: 2.0, 3: "nan", 4: 3.0, 5: "-inf", 6: 1.0}
    logs = {epoch: {"loss": loss} for epoch, loss in losses.items()}
    page = visit(run(tmp_path, ("a",), epochs=range(7), logs=logs), "epoch=5")
    assert page.locator(".plot").first.locator(".alone").get_attribute("d").count("M") == 2
    assert page.locator(".chart li").first.inner_text() == "training −infinite"


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (0.00001234567, "1.23 × 10⁻⁵"),
        (100000.0, "10⁵"),
        (98765.0, "98770"),
        (-0.25, "−0.25"),
        (0.0, "0"),
        (0.00100049, "0.001"),
        (1234567.0, "1.23 × 10⁶"),
    ],
)
def test_a_value_has_four_digits_or_three_and_a_power_of_ten_where_it_is_large_or_small(tmp_path, visit, loss, said):
    page = visit(run(tmp_path, ("a",), epochs=(0, 1), logs={1: {"loss": loss}}))
    assert page.locator(".chart li").first.inner_text() == f"training {said}"


@pytest.mark.parametrize(
    ("trained", "drawing", "said"),
    [
        (["3000", "899.7"], 35.5, "Training took 1 h 5 min, drawing 35.5 s (0.91 % of it)."),
        (["100", "59"], 0.123, "Training took 2 min 39 s, drawing 0.12 s (0.077 % of it)."),
        (["59.96"], 0.5, "Training took 60 s, drawing 0.5 s (0.83 % of it)."),
        ([], 90.0, "Drawing took 1 min 30 s."),
    ],
)
def test_at_its_foot_the_page_tells_the_time_of_training_and_the_share_of_drawing(
    tmp_path, visit, trained, drawing, said
):
    run(tmp_path, ("a",), epochs=(0, 1))
    told = json.loads((tmp_path / "a" / "frames.json").read_text())
    told["frames"] = {"0": {"seconds": None}, "1": {"seconds": drawing}}
    told["epoch_seconds"] = {str(epoch): float(took) for epoch, took in enumerate(trained, 1)}
    (tmp_path / "a" / "frames.json").write_text(json.dumps(told))
    drawn(tmp_path / "single.png")
    kv.report.write_page(tmp_path)
    page = visit(tmp_path)
    assert page.locator("footer p").first.inner_text() == said
    assert page.locator("#summary").inner_text() == "2 pictures, epochs 0 to 1"


def test_two_trainings_take_as_long_as_both_and_of_many_pictures_four_are_named(tmp_path, visit):
    run(tmp_path, "abcdefg")
    run(tmp_path, ("other",), logs={1: {"loss": 7}})
    for name in ("a", "other"):
        told = json.loads((tmp_path / name / "frames.json").read_text())
        (tmp_path / name / "frames.json").write_text(json.dumps({**told, "epoch_seconds": {"1": 20.0}}))
    kv.report.write_page(tmp_path)
    page = visit(tmp_path, "epoch=4&with=2")
    assert page.locator(".of").all_inner_texts() == ["Training of a, b, c, d and 3 more", "Training of other"]
    assert page.locator("footer p").first.inner_text().startswith("Training took 40 s")
    # the change, too, is told of both epochs
    assert " ".join(page.locator(".drift li").nth(1).inner_text().split()) == "B 0.05 | 0.1"
