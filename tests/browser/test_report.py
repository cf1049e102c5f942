"""The report in a real browser: nothing leaves the page, nothing runs over, dark mode can be read."""

from __future__ import annotations

import io
import re
import shutil
from collections import Counter

import pytest

from gigawatt.views.report.html import write_report
from tests.unit.views.sample import sample_plan

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
AA_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
SIZES = [(1280, 800), (820, 1100), (390, 844)]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return write_report(sample_plan(60, hostile=True), tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def opened(browser, report):
    """Open the report; afterwards nothing may have been asked for or complained of."""
    pages, asked, said = [], [], []

    def open_page(size=(1280, 800), scheme="light"):
        page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(report.as_uri())
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert [url for url in asked if url != report.as_uri()] == []
    assert said == []


@pytest.mark.parametrize("size", SIZES)
def test_nothing_runs_over_the_side(opened, size):
    page = opened(size)
    for state in ("closed", "open"):
        page.evaluate("open => document.querySelectorAll('details').forEach(each => each.open = open)", state == "open")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], state


@pytest.mark.parametrize("size", SIZES)
def test_every_figure_is_seen_once(opened, size):
    page = opened(size)
    seen = page.evaluate(
        "[...document.querySelectorAll('figure')].map(f =>"
        " [...f.querySelectorAll('svg')].filter(s => s.getBoundingClientRect().width > 200).length)"
    )
    assert seen == [1] * 18


@pytest.mark.parametrize("size", SIZES)
def test_texts_in_figures_are_large_enough_to_read(opened, size):
    smallest = opened(size).evaluate(
        "Math.min(...[...document.querySelectorAll('svg')].filter(s => s.getBoundingClientRect().width > 0)"
        ".map(s => 12.5 * s.getBoundingClientRect().width / s.viewBox.baseVal.width))"
    )
    assert smallest >= 9.5


@pytest.mark.parametrize("size", SIZES)
def test_labels_in_figures_do_not_overlap(opened, size):
    overlaps = opened(size).evaluate(
        """() => {
        const found = [];
        for (const svg of document.querySelectorAll('svg')) {
            const boxes = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
            for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
                const [a, p] = boxes[i], [b, q] = boxes[j];
                const width = Math.min(p.right, q.right) - Math.max(p.left, q.left);
                const height = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
                if (width > 2 && height > 4) found.push([svg.querySelector('title').textContent, a, b]);
            }
        }
        return found; }"""
    )
    assert overlaps == []


def test_sections_stand_in_order(opened):
    heads = opened().locator("h2").all_text_contents()
    wanted = ["The announcement, line by line", "Guide against outcome", "Build-out", "Power", "Training", "Serving",
              "Money", "Land", "All headline figures", "Predicted against measured", "Balances that must hold",
              "Facts and assumptions", "Sources", "The scenario"]  # fmt: skip
    assert [head for head in heads if head in wanted] == wanted


def test_the_answer_stands_on_the_first_screen(opened):
    box = opened().locator(".answer").bounding_box()
    assert box["y"] + box["height"] <= 800


def test_details_open_without_script(opened):
    page = opened()
    page.locator("summary").first.click()
    assert page.locator("details[open] table").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_picture_is_not_blank(opened, scheme):
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    shot = image.open(io.BytesIO(opened(scheme=scheme).screenshot()))
    colours = Counter(shot.convert("RGB").resize((320, 200)).get_flattened_data())
    assert len(colours) > 50
    ground = colours.most_common(1)[0][0]
    assert (sum(ground) < 200) == (scheme == "dark")


def _luminance(colour):
    channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("selector", ["body", ".lead", ".band", "td", "td a", ".source", "figcaption span", "footer"])
def test_text_has_contrast(opened, scheme, selector):
    page = opened(scheme=scheme)
    ink = page.locator(selector).first.evaluate("element => getComputedStyle(element).color")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    light, dark = sorted((_luminance(ink), _luminance(paper)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= AA_CONTRAST


def test_prints_black_on_white(opened):
    page = opened(scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    address = page.locator(".sources a").first.evaluate("a => getComputedStyle(a, '::after').content")
    assert "https://example.org/meta" in address


def test_paper_shows_the_page_layout_not_the_phones(opened):
    page = opened((700, 1000))
    page.emulate_media(media="print")
    seen = page.evaluate(
        "[...document.querySelectorAll('.wide svg')].every(s => s.getBoundingClientRect().width > 200)"
    )
    assert seen
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
