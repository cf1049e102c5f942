"""What `gw.study` gives: a study with its figures and a face in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from html import escape
from pathlib import Path
from typing import Any

from gigawatt.errors import InputError, nearest
from gigawatt.planning.python import study as _study
from gigawatt.planning.study import StudyAnswer
from gigawatt.scenario.resolve import Resolved
from gigawatt.units import say
from gigawatt.views import study_words as words
from gigawatt.views.figures.study import pictures
from gigawatt.views.figures.svg import Figure

TORNADO = "tornado"  # the figure under the numbers


class ShownStudy(StudyAnswer):
    """A study, for Python and notebooks."""

    def figure(self, name: str, width: float = 720.0) -> Figure:
        """Return a figure; `.standalone` is its SVG.

        Parameters
        ----------
        name : str
            tornado, variance (with `sobol`), fan-gpus_online, fan-facility_mw, fan-cash_usd and others.
        width : float
            [px]

        Returns
        -------
        Figure

        Raises
        ------
        InputError
            If there is no figure of that name.
        """
        drawn = {figure.name: figure for figure in pictures(self, width)}
        if name not in drawn:
            message = f'"{name}" is not a figure of this study. {nearest(name, drawn)}'
            raise InputError(message)
        return drawn[name]

    def _repr_html_(self) -> str:
        """Show the bands of the headline figures and what drives the goal: no script, no request."""
        rows = "".join(
            f"<tr><th>{escape(band.label)}</th>"
            + "".join(f"<td>{escape(say(value, band.unit))}</td>" for value in (band.p10, band.p50, band.p90))
            + "</tr>"
            for band in self.bands
            if band.headline or band.name == self.question.goal
        )
        head = "<tr><th></th><th>P10</th><th>P50</th><th>P90</th></tr>"
        tornado = next((figure for figure in pictures(self, 720.0) if figure.name == TORNADO), None)
        drawn = f"<div>{tornado.standalone}</div>" if tornado is not None else ""
        return f"<h4>{escape(words.headline(self))}</h4><table>{head}{rows}</table>{drawn}"


def study(
    scenario: str | Resolved,
    settings: Sequence[str] = (),
    *,
    against: Mapping[str, str | Resolved] | None = None,
    folder: str | Path | None = None,
    resume: bool = False,
    **question: Any,
) -> ShownStudy:
    """Study how sure the plan of a scenario is; see `gigawatt.planning.python.study`.

    Parameters
    ----------
    scenario : str or Resolved
    settings : sequence of str
    against : mapping of str to (str or Resolved), optional
    folder : str or Path, optional
    resume : bool
    **question : Any
        Fields of `gigawatt.planning.study.Question`: samples_count, seed, goal, sobol, executor, workers_count.

    Returns
    -------
    ShownStudy
        A `StudyAnswer` with `figure(name)`.
    """
    made = _study(scenario, settings, against=against, folder=folder, resume=resume, **question)
    return ShownStudy(**{each.name: getattr(made, each.name) for each in fields(made)})
