"""The validation page in a real browser: nothing is asked for, nothing runs over, labels do not touch."""

from __future__ import annotations

import shutil

import pytest

from gigawatt.views.report.validation import write_validation
from tests.unit.views.validation_sample import sample_validation

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SIZES = [(1280, 800), (820, 1100), (390, 844)]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    found = {"training": sample_validation(hostile=True), "finance": sample_validation(1)}
    return write_validation(found, tmp_path_factory.mktemp("validation") / "page.html", "0.0")


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
def opened(browser, page_file):
    """Open the page; afterwards nothing may have been asked for or complained of."""
    pages, asked, said = [], [], []

    def open_page(size=(1280, 800), scheme="light"):
        page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(page_file.as_uri())
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert [url for url in asked if url != page_file.as_uri()] == []
    assert said == []


@pytest.mark.parametrize("size", SIZES)
def test_nothing_runs_over_the_side(opened, size):
    page = opened(size)
    for state in ("closed", "open"):
        page.evaluate("open => document.querySelectorAll('details').forEach(each => each.open = open)", state == "open")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], state


@pytest.mark.parametrize("size", SIZES)
def test_every_figure_is_seen_once_and_its_words_can_be_read(opened, size):
    seen = opened(size).evaluate(
        "[...document.querySelectorAll('figure')].map(f => [...f.querySelectorAll('svg')]"
        ".map(s => [s.getBoundingClientRect().width, s.viewBox.baseVal.width]).filter(([w]) => w > 200)"
        ".map(([w, v]) => 12.5 * w / v))"
    )
    assert [len(each) for each in seen] == [1] * 6
    assert min(size for each in seen for size in each) >= 9.5


@pytest.mark.parametrize("size", SIZES)
def test_words_in_figures_neither_touch_nor_leave_the_picture(opened, size):
    found = opened(size).evaluate(
        """() => {
        const found = [];
        for (const svg of document.querySelectorAll('svg')) {
            const frame = svg.getBoundingClientRect();
            const boxes = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
            for (const [words, box] of boxes)
                if (box.left < frame.left - 1 || box.right > frame.right + 1) found.push(['outside', words]);
            for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
                const [a, p] = boxes[i], [b, q] = boxes[j];
                const width = Math.min(p.right, q.right) - Math.max(p.left, q.left);
                const height = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
                if (width > 2 && height > 4) found.push([svg.querySelector('title').textContent, a, b]);
            }
        }
        return found; }"""
    )
    assert found == []


def test_the_answer_stands_on_the_first_screen(opened):
    box = opened().locator(".answer").bounding_box()
    assert box["y"] + box["height"] <= 800


def test_groups_open_without_script(opened):
    page = opened()
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = false)")
    page.locator("#training-groups summary").click()
    assert page.locator("#training-groups table").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hollow_points_let_the_paper_through(opened, scheme):
    page = opened(scheme=scheme)
    fills = page.evaluate(
        "[...document.querySelectorAll('.wide circle.line')].map(each => getComputedStyle(each).fill)"
    )
    assert fills
    assert set(fills) == {"none"}
