"""Can everybody use the page, whatever the names, the device, the light?"""

from __future__ import annotations

import json
import re

import pytest

import keras_vis as kv
from tests.report.runs import LAST, drawn, run, settled, until

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp; #1?50% ü \u2028 --> <!-- </style> __CONTENT__ "
    "</script x ' onclick=alert(3) `${alert(4)}`"
)


def test_hostile_names_run_nothing_and_are_shown_as_they_are(tmp_path, visit):
    # a file's name can hold all but a slash
    name = HOSTILE.replace("/", "∕")
    for epoch in (0, 1):
        drawn(tmp_path / name / f"epoch-000{epoch}.png", method=HOSTILE, layer=HOSTILE, classes=[HOSTILE], note=HOSTILE)
    drawn(tmp_path / f"{name}.png", method="grad_cam", note=HOSTILE, layer=HOSTILE)
    drawn(tmp_path / f"{name} 2" / f"{name}.png")
    told = {"logs": {1: {HOSTILE: 0.5, "loss": 1}}, "sparing": HOSTILE, "failure": HOSTILE, "drift_measure": HOSTILE}
    told["frames"] = {"1": {"drift": 0.5, "seconds": HOSTILE}}
    (tmp_path / name / "frames.json").write_text(json.dumps(told))
    kv.report.write_page(tmp_path, title=HOSTILE)
    page = visit(tmp_path)
    assert page.title().split() == HOSTILE.split()
    assert page.locator("h1").text_content() == HOSTILE
    assert page.locator(".name h3").nth(0).text_content() == "loss"
    assert page.locator(".name h3").nth(1).text_content() == HOSTILE.replace("_", " ").strip()
    assert page.locator(".card h3").first.text_content() == name.replace("_", " ").strip()
    assert page.locator(".note").first.text_content() == HOSTILE
    assert page.locator("dd").all_text_contents().count(HOSTILE) >= 2
    page.locator(".card").last.scroll_into_view_if_needed()
    until(
        page,
        "[...document.querySelectorAll('figure:first-child > .sheet')].every(one => one.firstChild?.naturalWidth)",
    )
    assert page.locator("script").count() == 2


def test_a_phone_needs_no_scrolling_sideways(tmp_path, visit):
    long = "a_name_without_any_end_" * 8
    run(tmp_path, (long, "x" * 200), logs={1: {"l" * 120: 1e-30, "loss": 1e30}})
    drawn(tmp_path / "group" / f"{long}.png", n=9, note=long, method=long, option="y" * 300)
    kv.report.write_page(tmp_path, title=long * 3)
    page = visit(tmp_path, "with=1", width=360)
    page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    for scheme in ("", "comparing"):
        page.evaluate("kind => document.body.className = kind", scheme)
        assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.evaluate("scrollTo(0, 2000)")
    assert page.locator("#bar").bounding_box()["height"] < 120


# WCAG 2.1
CONTRAST = """
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  function parts(colour) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  }
  const linear = x => x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * linear(r / 255) + .7152 * linear(g / 255) + .0722 * linear(b / 255);
  function contrast(ink, ground) {
    const [a, b] = [ink, ground].map(parts).map(light);
    return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  }
"""
# of each text on the page, with the ground that lies under it
CONTRASTS = (
    f"() => {{{CONTRAST}"
    + """
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !node.checkVisibility() || node.closest("script")) continue;
    let under = node;
    while (parts(getComputedStyle(under).backgroundColor)[3] < 255) under = under.parentElement;
    const ink = getComputedStyle(node)[node.namespaceURI.endsWith("svg") ? "fill" : "color"];
    found.push([contrast(ink, getComputedStyle(under).backgroundColor), walk.currentNode.data.trim()]);
  }
  return found;
}"""
)


LINES = (
    f"() => {{{CONTRAST}"
    + """
  const ground = getComputedStyle(document.querySelector(".chart")).backgroundColor;
  const lines = [...document.querySelectorAll(".drift .line:not(.alone)")];
  return lines.map(line => contrast(getComputedStyle(line).stroke, ground));
}"""
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_stands_out_from_its_ground_by_4_5_to_1(plain, visit, scheme):
    page = visit(plain, "with=0", scheme=scheme)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground))) < 100) == (scheme == "dark")
    found = page.evaluate(CONTRASTS)
    assert len(found) > 40
    assert min(found)[0] >= 4.5, min(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_line_of_each_picture_stands_out_from_its_ground(tmp_path, visit, scheme):
    page = visit(run(tmp_path, "abcdefgh"), scheme=scheme)
    found = page.evaluate(LINES)
    assert len(found) >= 8
    assert min(found) > 1.5, found


def test_every_control_has_a_name_and_every_image_a_text(plain, visit):
    page = visit(plain, "with=0")
    settled(page, f"epoch-000{LAST}.png", 2)
    for role, names in {
        "button": ["Play"],
        "slider": ["Epoch", "The epoch beside it"],
        "checkbox": ["reload every 20 s", "compare"],
    }.items():
        assert page.get_by_role(role).count() == len(names)
        for name in names:
            assert page.get_by_role(role, name=name, exact=True).count() == 1
    assert page.get_by_role("link", name=re.compile("^Open in full: Grad-CAM, epoch 4$")).count() == 1
    unnamed = "all => all.filter(one => !(one.getAttribute('aria-label') || one.alt || one.innerText)?.trim()).length"
    assert page.eval_on_selector_all("a:not([hidden]), img, svg[role=img], summary", unnamed) == 0
    assert page.locator("#which").evaluate("one => one.getAttribute('aria-live')") != "off"


def test_tab_goes_through_the_controls_in_the_order_in_which_they_are_seen(plain, visit):
    page = visit(plain, "with=0")
    order = []
    for _ in range(8):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert order[:5] == ["reload", "play", "epoch", "with", "compare"]
    assert order[5:] == ["Training", "Change", "Epoch by epoch"]
    focus = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert focus == "solid"


def test_a_jump_leads_to_its_section_and_keeps_the_epoch(plain, visit):
    page = visit(plain, "epoch=2")
    page.set_viewport_size({"width": 900, "height": 300})
    page.get_by_role("navigation").get_by_role("link", name="Epoch by epoch").click()
    top = page.get_by_role("heading", name="Epoch by epoch").bounding_box()["y"]
    assert page.locator("#bar").bounding_box()["height"] < top < 150
    assert page.evaluate("location.hash") in ("", "#epoch=2")
    assert page.locator("#which").inner_text() == "2 of 4"
