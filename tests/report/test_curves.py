"""Do the curves say what the logs say, and do they move with the epoch?"""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import keras_vis as kv
from tests.report.runs import run, until


def middle(page, selector):
    box = page.locator(selector).first.bounding_box()
    return box["x"] + box["width"] / 2


def test_the_mark_of_a_curve_is_at_its_epoch_and_the_values_are_those_of_the_logs(plain, visit):
    page = visit(plain, "epoch=3&with=1")
    chart = page.locator(".chart").first
    # of the axis, whose numbers are at 0 and 4
    zero, four = (middle(page, f".chart:first-child .plot text:text-is('{tick}')") for tick in (0, 4))
    for selector, epoch in ((".chart .now", 3), (".chart .second-now", 1)):
        assert middle(page, selector) == pytest.approx(zero + epoch / 4 * (four - zero), abs=1)
    assert chart.locator("li").all_inner_texts() == ["training 0.3333 | 1", "validation 0.6667 | 2"]
    assert "At epoch 3: training 0.3333, validation 0.6667." in chart.locator(".plot").get_attribute("aria-label")
    page.locator("#epoch").fill("0")
    assert chart.locator("li").first.inner_text() == "training – | 1"


def test_a_press_on_a_curve_goes_to_the_nearest_epoch_and_a_drag_follows(plain, visit):
    page = visit(plain)
    zero, four = (middle(page, f".chart:first-child .plot text:text-is('{tick}')") for tick in (0, 4))
    box = page.locator(".plot").first.bounding_box()
    page.mouse.move(zero + 0.62 * (four - zero), box["y"] + 40)
    page.mouse.down()
    assert page.locator("#which").inner_text() == "2 of 4"
    page.mouse.move(zero - 30, box["y"] + 300)
    assert page.locator("#which").inner_text() == "0 of 4"
    page.mouse.up()
    page.mouse.move(four, box["y"] + 40)
    assert page.locator("#which").inner_text() == "0 of 4"


def heights(page, place=0):
    """Of the points of a chart's first line, and of how many pieces it is made."""
    path = page.locator(".plot").nth(place).locator(".line").first.get_attribute("d")
    return [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", path)], path.count("M")


def test_what_is_no_number_is_a_gap_and_a_diverged_loss_has_a_log_axis_that_says_so(tmp_path, visit):
    losses = {1: 1, 2: 10, 3: 100, 4: "nan", 5: "inf", 6: 1000, 7: 10000}
    logs = {epoch: {"loss": loss, "mean": 2 * epoch} for epoch, loss in losses.items()}
    page = visit(run(tmp_path, ("a",), logs=logs), "epoch=4")
    assert page.locator(".chart h3").all_inner_texts()[:2] == ["Loss (log axis)", "Mean"]
    found, pieces = heights(page)
    assert pieces == 2
    np.testing.assert_allclose(np.diff(found), found[1] - found[0], atol=0.11)
    assert found[0] > found[1]
    assert page.locator(".chart li").first.inner_text() == "training not a number"
    found, pieces = heights(page, 1)
    assert pieces == 1
    np.testing.assert_allclose(np.diff(found), found[1] - found[0], atol=0.11)


def test_a_loss_of_validation_told_each_third_epoch_is_one_line_and_holds_until_the_next(tmp_path, visit):
    logs = {epoch: {"loss": 1, **({"val_loss": epoch} if epoch % 3 == 0 else {})} for epoch in range(1, 8)}
    page = visit(run(tmp_path, ("a",), logs=logs), "epoch=5")
    path = page.locator(".plot").first.locator(".line:not(.alone)").nth(1)
    assert path.get_attribute("d").count("M") == 1
    assert path.get_attribute("stroke-dasharray") != "none"
    assert page.locator(".chart li").nth(1).inner_text() == "validation 3 at 3"


def test_logs_that_disagree_are_curves_of_their_own_titled_with_their_pictures(tmp_path, visit):
    run(tmp_path, ("a", "b"))
    page = visit(run(tmp_path, ("c",), logs={1: {"loss": 7}}))
    assert page.locator(".of").all_inner_texts() == ["Training of a, b", "Training of c"]


def test_the_change_of_a_picture_is_told_and_its_card_lights_its_line_alone(plain, visit):
    page = visit(plain, "epoch=2")
    assert page.locator(".drift h3").inner_text().startswith("1 − cosine")
    rows = page.locator(".drift li")
    # in the order of the folders: "filters-conv_1" was written as the second, with 0.2 over the epoch
    assert [" ".join(text.split()) for text in rows.all_inner_texts()] == ["Filters-conv 1 0.1", "Grad-CAM 0.05"]
    page.locator(".card").nth(1).hover()
    assert page.locator(".drift .line.lit:not(.alone)").count() == 1
    assert "lit" in rows.nth(1).get_attribute("class")
    lit = page.locator(".drift .line:not(.alone)").nth(1)
    assert lit.evaluate("line => [line.classList.contains('lit'), getComputedStyle(line).opacity]") == [True, "1"]
    assert page.locator(".drift .line").first.evaluate("line => getComputedStyle(line).opacity") == "0.2"
    page.locator(".drift li a").first.focus()
    assert "lit" in page.locator(".card").first.get_attribute("class")


def test_changes_in_several_measures_are_charts_of_their_own_and_no_change_is_at_the_bottom(tmp_path, visit):
    run(tmp_path, ("a",), measure="1 - cosine")
    run(tmp_path, ("b",), measure="1 - rank correlation")
    known = json.loads((tmp_path / "a" / "frames.json").read_text())
    for epoch, change in enumerate((None, 1, 0.1, 0.001, 0)):
        known["frames"][str(epoch)]["drift"] = change
    (tmp_path / "a" / "frames.json").write_text(json.dumps(known))
    kv.report.write_page(tmp_path)
    page = visit(tmp_path)
    titles = [title.partition(":")[0] for title in page.locator(".drift h3").all_inner_texts()]
    assert titles == ["1 − cosine (log axis)", "1 − rank correlation"]
    found, _ = heights(page, 1)
    assert found[3] == max(found)
    tick = page.locator(".drift").first.locator("text:text-is('0')").first.get_attribute("y")
    assert float(tick) == pytest.approx(found[3] + 4, abs=0.1)


def test_curves_without_pictures_have_a_slider(tmp_path, visit):
    run(tmp_path, ("a",))
    for file in (tmp_path / "a").glob("*.png"):
        file.unlink()
    kv.report.write_page(tmp_path)
    page = visit(tmp_path, "epoch=2")
    assert page.locator("#which").inner_text() == "2 of 4"
    assert page.locator(".chart li").first.inner_text() == "training 0.5"
    page.get_by_role("button", name="Play").click()
    until(page, "document.getElementById('which').textContent === '3 of 4'")
