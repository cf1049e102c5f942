"""A small SVG writer: shapes, text, tokens of colour. No axis and no meaning; those are in `axes` and the figures.

Why not a plotting library: a plan and its report must be there within seconds, and the picture must follow the
page's light or dark scheme, scale without loss and work offline. Inline SVG with CSS classes does that in a few
kilobytes; `docs/reference/dependencies.md` tells what was weighed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

FONT_PX = 12.5
TITLE_PX = 16.0
LINE_PX = 16.0
CHARACTER_EM = 0.6  # mean advance of a digit or small letter in the widest of the system fonts, for placing only

# Okabe and Ito's colour-blind-safe set, "Color Universal Design", 2008, in one fixed order; the first is darker
# on white and lighter on black so that it stands 3:1 against both.
LIGHT = {"1": "#0072b2", "2": "#e69f00", "3": "#009e73", "4": "#d55e00", "5": "#56b4e9", "6": "#cc79a7", "7": "#b8a800"}
DARK = {"1": "#3a9bdc", "2": "#e69f00", "3": "#1fb58c", "4": "#e8743b", "5": "#7cc7f2", "6": "#d48fb5", "7": "#f0e442"}
LIGHT_INK = {"ink": "#1b1f24", "muted": "#57606a", "grid": "#e3e6ea", "soft": "#c4cad1", "paper": "#ffffff"}
DARK_INK = {"ink": "#e8eaed", "muted": "#a4adb8", "grid": "#30363d", "soft": "#59626d", "paper": "#14171b"}
COLOURS_COUNT = len(LIGHT)


def _tokens(colours: dict[str, str]) -> str:
    """Write colours as CSS custom properties."""
    return "".join(f"--gw-{name}:{value};" for name, value in colours.items())


TOKENS = (
    f":root{{color-scheme:light dark;{_tokens(LIGHT | LIGHT_INK)}}}"
    f"@media (prefers-color-scheme:dark){{:root{{{_tokens(DARK | DARK_INK)}}}}}"
    f"@media print{{:root{{color-scheme:light;{_tokens(LIGHT | LIGHT_INK)}}}}}"
)
STYLE = (
    f".gw text{{font:{FONT_PX}px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',sans-serif;"
    "fill:var(--gw-ink);font-variant-numeric:tabular-nums}"
    ".gw text.m{fill:var(--gw-muted)}.gw text.b{font-weight:600}"
    f".gw text.h{{font-size:{TITLE_PX}px;font-weight:600}}"
    ".gw text.halo{paint-order:stroke;stroke:var(--gw-paper);stroke-width:3px;stroke-linejoin:round}"
    ".gw .grid{stroke:var(--gw-grid);fill:none}.gw .axis{stroke:var(--gw-soft);fill:none}"
    ".gw .ink{stroke:var(--gw-ink);fill:none}.gw .mut{stroke:var(--gw-muted);fill:none}"
    ".gw .inkf{fill:var(--gw-ink)}.gw .mutf{fill:var(--gw-muted)}.gw .softf{fill:var(--gw-soft)}"
    ".gw .gridf{fill:var(--gw-grid)}.gw .paper{fill:var(--gw-paper);stroke:var(--gw-ink)}"
    ".gw .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}"
    ".gw .edge{stroke:var(--gw-paper);stroke-width:.75}.gw .dash{stroke-dasharray:5 4}.gw .pale{opacity:.45}"
    + "".join(f".gw .f{name}{{fill:var(--gw-{name})}}.gw .s{name}{{stroke:var(--gw-{name})}}" for name in LIGHT)
)


def colour(position: int) -> str:
    """Token of a series by its position; after the last it starts again."""
    return str(position % COLOURS_COUNT + 1)


def text_width(text: str, size: float = FONT_PX) -> float:
    """Estimated width of a text in pixels, for placing labels."""
    return len(text) * size * CHARACTER_EM


def wrap(text: str, width: float, size: float = FONT_PX) -> list[str]:
    """Break a text into lines that fit a width."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def cut(text: str, width: float) -> str:
    """Shorten a text with an ellipsis so that it fits a width."""
    room = max(1, int(width / (FONT_PX * CHARACTER_EM)))
    return text if len(text) <= room else f"{text[: room - 1].rstrip()}…"


def _n(value: float) -> str:
    """Coordinate with one decimal; a figure never writes NaN or infinity."""
    if not math.isfinite(value):
        message = f"a coordinate is {value}"
        raise ValueError(message)
    return f"{value:.1f}".removesuffix(".0")


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawn figure: its words and its picture.

    Attributes
    ----------
    name : str
        Key in `gigawatt.views.figures.FIGURES`.
    title : str
        The finding, one sentence.
    subtitle : str
        Quantity and unit.
    source : str
        What the numbers rest on.
    width, height : float
        Of the picture. [px]
    body : str
        SVG elements.
    """

    name: str
    title: str
    subtitle: str
    source: str
    width: float
    height: float
    body: str

    def _wrapped(self, body: str, height: float, style: str = "") -> str:
        """Put elements into an accessible SVG."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="gw" role="img" viewBox="0 0 {_n(self.width)} {_n(height)}"'
            f' width="{_n(self.width)}" height="{_n(height)}"><title>{escape(self.title)}</title>'
            f"<desc>{escape(f'{self.subtitle}. {self.source}')}</desc>{style}{body}</svg>"
        )

    @property
    def svg(self) -> str:
        """The picture alone, to be put inline under an HTML caption; the page carries `TOKENS` and `STYLE`."""
        return self._wrapped(self.body, self.height)

    @property
    def standalone(self) -> str:
        """The picture with title, subtitle and source drawn in, and its own style: a file, a notebook cell."""
        canvas = Canvas()
        y = TITLE_PX
        for line in wrap(self.title, self.width, TITLE_PX):
            canvas.text(0, y, line, "h")
            y += TITLE_PX + 4
        for line in wrap(self.subtitle, self.width):
            canvas.text(0, y, line, "m")
            y += LINE_PX
        top = y
        y += self.height + LINE_PX
        for line in wrap(self.source, self.width):
            canvas.text(0, y, line, "m")
            y += LINE_PX
        moved = f'<g transform="translate(0 {_n(top)})">{self.body}</g>'
        return self._wrapped(canvas.body + moved, y, f"<style>{TOKENS}{STYLE}</style>")


class Canvas:
    """A list of SVG elements that grows.

    Examples
    --------
    >>> canvas = Canvas()
    >>> canvas.rect(0, 0, 10, 5, "f1")
    >>> canvas.body
    '<rect x="0" y="0" width="10" height="5" class="f1"/>'
    """

    def __init__(self) -> None:
        self._parts: list[str] = []

    @property
    def body(self) -> str:
        """All elements so far."""
        return "".join(self._parts)

    def text(self, x: float, y: float, words: str, style: str = "", anchor: str = "start") -> None:
        """Write a text with its baseline at y."""
        place = "" if anchor == "start" else f' text-anchor="{anchor}"'
        look = f' class="{style}"' if style else ""
        self._parts.append(f'<text x="{_n(x)}" y="{_n(y)}"{place}{look}>{escape(words)}</text>')

    def line(self, x1: float, y1: float, x2: float, y2: float, style: str = "grid") -> None:
        """Draw a straight line."""
        self._parts.append(f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" class="{style}"/>')

    def rect(self, x: float, y: float, width: float, height: float, style: str, words: str = "") -> None:
        """Draw a rectangle; `words` show when a pointer rests on it."""
        hint = f"><title>{escape(words)}</title></rect>" if words else "/>"
        size = f'width="{_n(max(width, 0))}" height="{_n(max(height, 0))}"'
        self._parts.append(f'<rect x="{_n(x)}" y="{_n(y)}" {size} class="{style}"{hint}')

    def dot(self, x: float, y: float, radius: float, style: str, words: str = "") -> None:
        """Draw a disc."""
        hint = f"><title>{escape(words)}</title></circle>" if words else "/>"
        self._parts.append(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" class="{style}"{hint}')

    def polygon(self, points: Iterable[tuple[float, float]], style: str, words: str = "") -> None:
        """Draw a closed shape."""
        hint = f"><title>{escape(words)}</title></polygon>" if words else "/>"
        path = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self._parts.append(f'<polygon points="{path}" class="{style}"{hint}')

    def path(self, drawing: str, style: str, opacity: float) -> None:
        """Fill a path given in SVG's own commands; many small shapes of one look are one element."""
        self._parts.append(f'<path d="{drawing}" class="{style}" fill-opacity="{opacity:.2f}"/>')

    def polyline(self, points: Sequence[tuple[float, float]], style: str) -> None:
        """Draw a line through points; it breaks where a coordinate is not finite."""
        run: list[str] = []
        for x, y in [*points, (math.nan, math.nan)]:
            if math.isfinite(x) and math.isfinite(y):
                run.append(f"{_n(x)},{_n(y)}")
            elif run:
                self._parts.append(f'<polyline points="{" ".join(run)}" class="line {style}"/>')
                run = []

    def swatch(self, x: float, y: float, style: str) -> None:
        """Draw the small square that ties a label to its series; y is the label's baseline."""
        self.rect(x, y - 9, 9, 9, style)
