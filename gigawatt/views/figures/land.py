"""Figure of land: the sites' areas to scale on Manhattan's outline."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gigawatt.planning.plan import Plan
from gigawatt.units import say
from gigawatt.views.figures.axes import number
from gigawatt.views.figures.buildout import WIDE_PX
from gigawatt.views.figures.svg import LINE_PX, Canvas, Figure, colour, wrap

KM_PER_DEGREE = 111.2  # length of a degree of latitude on a sphere of 6,371 km
STREET_GRID_DEG = 29.0  # Manhattan's avenues run 29 degrees east of north (Commissioners' Plan of 1811)
RECTANGLE_RATIO = 1.5  # drawn length over width; only the area is to scale
GAP_KM = 0.5  # between two drawn sites
SCALE_KM = 5.0
WHOLE_PCT = 100.0  # what is larger than the island is many campuses, and would hide it
LABELS_AT = 0.66  # of the height: below the middle the island leaves room on its right


def land(plan: Plan, width: float = WIDE_PX) -> Figure | None:
    """Each site with a known area as a rectangle of that area, in scale with the outline of Manhattan."""
    rings = plan.outlines.get("manhattan", [])
    table = plan.tables["sites"]
    areas = {
        str(name): (float(area), float(share))
        for name, area, share in zip(table["name"], table["site_km2"], table["share_of_manhattan_pct"], strict=True)
        if math.isfinite(area) and area > 0 and not share > WHOLE_PCT
    }
    larger = [str(name) for name, share in zip(table["name"], table["share_of_manhattan_pct"], strict=True)
              if share > WHOLE_PCT]  # fmt: skip
    return footprints(areas, larger, rings, width) if rings and areas else None


def footprints(
    areas: dict[str, tuple[float, float]],
    larger: Sequence[str],
    rings: list[list[tuple[float, float]]],
    width: float,
) -> Figure:
    """Draw areas on Manhattan: by name km2 and share of the island in per cent; what is larger is only named."""
    outline = [_project(ring, rings[0]) for ring in rings]
    xs, ys = [x for ring in outline for x, _ in ring], [y for ring in outline for _, y in ring]
    canvas, height = Canvas(), 460.0 if width >= 480 else 420.0
    scale = min((height - 40.0) / (max(ys) - min(ys)), (width * 0.62) / (max(xs) - min(xs)))

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return (point[0] - min(xs)) * scale + 8, height - 30 - (point[1] - min(ys)) * scale

    for ring in outline:
        canvas.polygon([place(point) for point in ring], "softf pale", "Manhattan, to scale")
    along = -sum(_sides(area)[0] + GAP_KM for area, _ in areas.values()) / 2.0
    middle = ((max(xs) + min(xs)) / 2.0, (max(ys) + min(ys)) / 2.0)
    labels = []
    for position, (name, (area, share)) in enumerate(sorted(areas.items(), key=lambda item: -item[1][0])):
        length, _ = _sides(area)
        corners = _rectangle(middle, along + length / 2.0, area)
        along += length + GAP_KM
        words = f"{name}: {number(area)} km2"
        words += f", {number(share)} % of Manhattan" if math.isfinite(share) else ""
        canvas.polygon([place(corner) for corner in corners], f"f{colour(position)} edge", words)
        labels.append((words, f"f{colour(position)}"))
    y = height * LABELS_AT
    labels_x = max(x for ring in outline for x, at in map(place, ring) if at >= y - 2 * LINE_PX) + 12
    for words, style in labels:
        canvas.swatch(labels_x, y + 4, style)
        for line in wrap(words, width - labels_x - 16):
            canvas.text(labels_x + 14, y + 4, line)
            y += 16
        y += 6
    foot = height - 12
    canvas.line(8, foot, 8 + SCALE_KM * scale, foot, "ink line")
    canvas.text(8 + SCALE_KM * scale + 8, foot + 4, f"{SCALE_KM:.0f} km", "m")
    largest, (area, share) = max(areas.items(), key=lambda item: item[1][0])
    title = f"{largest} covers {say(area, 'km2')}"
    title += f", {number(share)} % of Manhattan" if math.isfinite(share) else ""
    subtitle = "Site areas to scale on the outline of Manhattan, km2; shape and place of the rectangles are free"
    source = "Equirectangular projection at the island's latitude, north up."
    source += f" Larger than the island, not drawn: {', '.join(larger)}." if larger else ""
    return Figure("land", title, subtitle, source, width, height, canvas.body)


def _project(ring: list[tuple[float, float]], reference: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Longitude and latitude to kilometres, equirectangular at the reference ring's mean latitude."""
    latitude = sum(point[1] for point in reference) / len(reference)
    shrink = math.cos(math.radians(latitude))
    return [(lon * KM_PER_DEGREE * shrink, lat * KM_PER_DEGREE) for lon, lat in ring]


def _sides(area_km2: float) -> tuple[float, float]:
    """Length and width of the drawn rectangle in kilometres."""
    length = math.sqrt(area_km2 * RECTANGLE_RATIO)
    return length, area_km2 / length


def _rectangle(middle: tuple[float, float], along_km: float, area_km2: float) -> list[tuple[float, float]]:
    """Corners of a rectangle that lies along the avenues, `along_km` from the middle of the island."""
    length, across = _sides(area_km2)
    angle = math.radians(STREET_GRID_DEG)
    forward, sideways = (math.sin(angle), math.cos(angle)), (math.cos(angle), -math.sin(angle))
    centre = (middle[0] + forward[0] * along_km, middle[1] + forward[1] * along_km)
    return [
        (
            centre[0] + forward[0] * along * length / 2.0 + sideways[0] * side * across / 2.0,
            centre[1] + forward[1] * along * length / 2.0 + sideways[1] * side * across / 2.0,
        )
        for along, side in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
