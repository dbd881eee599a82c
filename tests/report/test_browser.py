"""Does the page do what it says, in a real browser?"""

from __future__ import annotations

import io

import pytest
from PIL import Image

import keras_vis as kv
from tests.report.runs import LAST, drawn, run, settled, sources, until


def test_the_slider_changes_the_pixels_that_are_shown(plain, visit):
    page = visit(plain)
    settled(page, f"epoch-000{LAST}.png")
    for epoch in (0, 3):
        page.locator("#epoch").fill(str(epoch))
        settled(page, f"epoch-000{epoch}.png", 2)
        shown = Image.open(io.BytesIO(page.locator(".sheet img").nth(1).screenshot())).convert("RGB")
        with Image.open(plain / "grad_cam" / f"epoch-000{epoch}.png") as file:
            place = file.width // 2, file.height // 3
            assert shown.getpixel(place) == file.getpixel(place) == (round(25.5 * epoch),) * 3
    assert page.locator("#which").inner_text() == "3 of 4"
    assert page.locator("#epoch").get_attribute("aria-valuetext") == "epoch 3"
    assert page.locator(".sheet img").nth(1).get_attribute("alt") == "Grad-CAM, epoch 3"


def test_play_goes_on_from_the_last_epoch_to_the_first_and_pause_stays(plain, visit):
    page = visit(plain)
    page.get_by_role("button", name="Play").click()
    for epoch in (0, 1):
        until(page, f"document.getElementById('which').textContent === '{epoch} of 4'")
        settled(page, f"epoch-000{epoch}.png")
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(1_000)
    assert page.locator("#which").inner_text() == "1 of 4"


def test_the_keys_move_the_epoch_from_anywhere_but_leave_what_has_the_focus_its_own(plain, visit):
    page = visit(plain)
    which = page.locator("#which")
    for key, epoch in (("ArrowLeft", 3), ("Home", 0), ("ArrowLeft", 0), ("ArrowRight", 1), ("End", 4)):
        page.keyboard.press(key)
        assert which.inner_text() == f"{epoch} of 4", key
    page.locator("#epoch").focus()
    page.keyboard.press("ArrowLeft")
    assert which.inner_text() == "3 of 4"
    page.keyboard.press("Space")
    assert page.locator("#play").inner_text() == "Pause"
    page.keyboard.press("Space")
    assert page.locator("#play").inner_text() == "Play"
    page.locator("summary").first.focus()
    page.keyboard.press("Space")
    assert page.locator("details").first.get_attribute("open") is not None
    assert page.locator("#play").inner_text() == "Play"


def test_two_epochs_stand_beside_each_other_and_the_second_slider_moves_the_second(plain, visit):
    page = visit(plain)
    page.get_by_label("compare").check()
    page.get_by_role("slider", name="The epoch beside it").fill("1")
    until(page, "document.querySelectorAll('.sheet img').length === 4")
    settled(page, "epoch-0001.png", 1)
    page.locator("#epoch").fill("3")
    settled(page, "epoch-0003.png", 0)
    settled(page, "epoch-0003.png", 2)
    assert sources(page) == ["epoch-0003.png", "epoch-0001.png"] * 2
    assert page.locator("figcaption.at").all_inner_texts() == ["epoch 3", "epoch 1"] * 2
    first, second = (page.locator(".sheet").nth(place).bounding_box() for place in (0, 1))
    assert first["y"] == second["y"]
    assert first["x"] + first["width"] < second["x"]
    page.set_viewport_size({"width": 360, "height": 800})
    first, second = (page.locator(".sheet").nth(place).bounding_box() for place in (0, 1))
    assert first["y"] + first["height"] < second["y"]
    page.get_by_label("compare").uncheck()
    assert page.locator("figcaption.at:visible").count() == 0


def test_of_20_pictures_of_200_epochs_only_what_can_be_seen_is_asked_for(tmp_path, visit):
    frame = drawn(tmp_path / "frame.png", n=9).read_bytes()
    (tmp_path / "frame.png").unlink()
    for place in range(20):
        folder = tmp_path / f"picture_{place:02d}"
        folder.mkdir()
        for epoch in range(200):
            (folder / f"epoch-{epoch:04d}.png").write_bytes(frame)
    kv.report.write_page(tmp_path)
    page = visit(tmp_path, width=900, height=800)
    settled(page, "epoch-0199.png")
    page.wait_for_timeout(300)
    loaded = [file for file in page.asked if file.endswith(".png")]
    seen = page.evaluate(
        "[...document.querySelectorAll('.card')].filter(one => one.getBoundingClientRect().top < 1050).length"
    )
    assert 1 <= len(loaded) == seen < 10
    page.asked.clear()
    page.locator("#epoch").fill("77")
    settled(page, "epoch-0077.png")
    page.wait_for_timeout(300)
    assert sorted(page.asked) == [f"picture_{place:02d}/epoch-0077.png" for place in range(seen)]
    page.asked.clear()
    page.locator(".card").last.scroll_into_view_if_needed()
    settled(page, "epoch-0077.png", 2 * 19)
    assert "picture_19/epoch-0077.png" in page.asked


def test_what_was_chosen_survives_a_reload(plain, visit):
    page = visit(plain)
    page.locator("#epoch").fill("2")
    page.get_by_label("compare").check()
    page.locator("#with").fill("1")
    page.locator("summary").nth(1).click()
    until(page, "location.hash === '#epoch=2&with=1'")
    page.wait_for_timeout(600)
    page.reload()
    assert page.locator("#which").inner_text() == "2 of 4"
    assert page.locator("#whichwith").inner_text() == "1"
    assert page.locator("details[open]").count() == 1
    page.get_by_role("button", name="Play").click()
    until(page, "location.hash.includes('play=1')")
    page.reload()
    assert page.locator("#play").inner_text() == "Pause"
    until(page, "document.getElementById('which').textContent === '3 of 4'")


def test_at_the_last_epoch_a_reload_goes_to_the_new_last(tmp_path, visit):
    run(tmp_path, epochs=range(3))
    page = visit(tmp_path)
    assert page.locator("#which").inner_text() == "2 of 2"
    run(tmp_path, epochs=range(4))
    page.reload()
    assert page.locator("#which").inner_text() == "3 of 3"
    settled(page, "epoch-0003.png")


def test_the_page_of_a_training_that_runs_reloads_itself_each_20_seconds_if_asked(tmp_path, visit):
    run(tmp_path, epochs=range(3))
    page = visit(tmp_path)
    page.clock.install()
    page.reload()
    run(tmp_path, epochs=range(4))
    page.clock.fast_forward(25_000)
    assert page.locator("#which").inner_text() == "2 of 2"
    page.get_by_label("reload every 20 s").check()
    with page.expect_event("load"):
        page.clock.fast_forward(25_000)
    assert page.locator("#which").inner_text() == "3 of 3"
    assert page.get_by_label("reload every 20 s").is_checked()


def test_cards_keep_their_height_when_a_frame_of_another_size_comes(tmp_path, visit):
    for epoch, n in enumerate((1, 9, 4)):
        drawn(tmp_path / "a" / f"epoch-000{epoch}.png", n=n)
    kv.report.write_page(tmp_path)
    page = visit(tmp_path)
    found = set()
    for epoch in (0, 1, 2):
        page.locator("#epoch").fill(str(epoch))
        settled(page, f"epoch-000{epoch}.png")
        with Image.open(tmp_path / "a" / f"epoch-000{epoch}.png") as file:
            box = page.locator(".sheet img").bounding_box()
            assert (box["width"], box["height"]) == pytest.approx(file.size, abs=0.1)
        found.add(page.locator(".card").bounding_box()["height"])
    assert len(found) == 1


@pytest.mark.parametrize(
    ("make", "says", "bar"),
    [
        (lambda directory: None, "Nothing has been drawn yet", False),
        (lambda directory: run(directory, ("a",), epochs=range(1)), "Epoch by epoch", False),
        (lambda directory: drawn(directory / "a.png"), "Pictures", False),
        (lambda directory: run(directory, (), logs={}), "Nothing has been drawn yet", False),
    ],
)
def test_a_run_with_little_in_it_says_what_there_is(tmp_path, visit, make, says, bar):
    make(tmp_path)
    kv.report.write_page(tmp_path)
    page = visit(tmp_path)
    assert says in page.locator("main").inner_text()
    assert page.locator("#bar").is_visible() == bar


def test_single_pictures_stand_in_sections_of_their_folders_and_what_was_drawn_once_is_no_moving_one(tmp_path, visit):
    run(tmp_path)
    drawn(tmp_path / "structure" / "epoch-0000.png", method="structure", model="lenet")
    drawn(tmp_path / "over_all.png", note="A sentence.")
    drawn(tmp_path / "step_3_filters" / "all.png", method="filters", units=[0, 1])
    drawn(tmp_path / "step_3_filters" / "all.npz")
    kv.report.write_page(tmp_path)
    page = visit(tmp_path)
    assert page.locator("h2").evaluate_all("all => all.map(one => one.firstChild.data)") == [
        "How training went",
        "How much each picture changed since the frame before it",
        "Epoch by epoch",
        "Drawn once",
        "step 3 filters",
    ]
    assert page.locator("section").nth(3).locator("h3").all_inner_texts() == ["Structure", "Over all"]
    assert page.locator(".note").all_inner_texts() == ["A sentence."]
    last = page.locator(".card").last
    assert last.get_by_role("link", name="Raw numbers").get_attribute("href") == "step_3_filters/all.npz"
    last.locator("summary").click()
    assert [text for text in last.locator("dl").inner_text().split("\n") if text] == [
        "method",
        "filters",
        "units",
        "0, 1",
    ]
