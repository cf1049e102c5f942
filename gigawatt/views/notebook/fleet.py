"""What `gw.simulate_fleet` gives: an answer with its frames, its figures, and a face in a notebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from gigawatt.catalogue import load as _load_catalogue
from gigawatt.errors import InputError, nearest
from gigawatt.planning.fleet import FleetAnswer, Question
from gigawatt.planning.fleet import simulate_fleet as _simulate_fleet
from gigawatt.planning.fleet.record import fleet_record
from gigawatt.planning.fleet.tables import TABLES
from gigawatt.planning.fleet.tables import frame as _frame
from gigawatt.views import fleet_words as words
from gigawatt.views.figures.fleet import FLEET_FIGURES
from gigawatt.views.figures.svg import Figure

if TYPE_CHECKING:
    import pandas as pd

    from gigawatt.scenario.resolve import Resolved


@dataclass(frozen=True, slots=True)
class FleetRun:
    """A simulated fleet, for Python and notebooks.

    Attributes
    ----------
    answer : FleetAnswer
        Inputs and arrays of the simulator.
    result : dict
        `result` of the JSON document.
    """

    answer: FleetAnswer = field(repr=False)
    result: dict[str, Any] = field(repr=False)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names that `frame` takes."""
        return tuple(TABLES)

    def frame(self, name: str) -> pd.DataFrame:
        """Return a table as a pandas frame, units in `attrs`: hours, states, sizes, causes, runs, sites, jobs."""
        return _frame(self.answer, name)

    def figure(self, name: str, width: float = 720.0) -> Figure | None:
        """Return a figure; `.standalone` is its SVG.

        Parameters
        ----------
        name : str
            fleet-ledger, fleet-ettr, fleet-use, fleet-jobs or fleet-power.
        width : float
            [px]

        Returns
        -------
        Figure or None
            None where there is nothing to draw.

        Raises
        ------
        InputError
            If there is no figure of that name.
        """
        if name not in FLEET_FIGURES:
            message = f'"{name}" is not a figure of a fleet. {nearest(name, FLEET_FIGURES)}'
            raise InputError(message)
        return FLEET_FIGURES[name](self.answer, width)

    def __repr__(self) -> str:
        return f"<FleetRun {words.headline(self.result)}>"

    def _repr_html_(self) -> str:
        """Show the first screen and where the hours went: no script, no request."""
        rows = "".join(
            f"<tr><th>{escape(label)}</th><td>{escape(value)}</td><td>{escape(detail)}</td></tr>"
            for label, value, detail in words.figures(self.result)
        )
        drawn = [self.figure(name) for name in ("fleet-ledger", "fleet-use")]
        pictures = "".join(f"<div>{figure.standalone}</div>" for figure in drawn if figure is not None)
        return f"<h4>{escape(words.headline(self.result))}</h4><table>{rows}</table>{pictures}"


def simulate_fleet(scenario: str | Resolved | None = None, **asked: Any) -> FleetRun:
    """Simulate a fleet event by event, as `gigawatt fleet` does.

    Parameters
    ----------
    scenario : str or Resolved, optional
        File, shipped name, or what `load` returned, whose fleet and work are simulated.
    **asked : Any
        Fields of `gigawatt.planning.fleet.Question`: accelerator, gpus, trace, workload, model, run_gpus, tokens,
        days, months, policy, placement, spare_frac, recovery, reliability, power_cap_w, seed and others.

    Returns
    -------
    FleetRun
        With `result`, `frame(name)`, `figure(name)`.

    Raises
    ------
    CatalogueError, InputError, ScenarioError
        If something is unknown or cannot be.
    InfeasibleError
        If no layout of the model fits.
    """
    if scenario is None:
        answer = _simulate_fleet(_load_catalogue(), **asked)
    else:
        from gigawatt.planning.fleet import answered
        from gigawatt.planning.fleet.of_plan import scenario_case
        from gigawatt.planning.python import load

        resolved = load(scenario) if isinstance(scenario, str) else scenario
        answer = answered(scenario_case(resolved, Question(**asked)))
    return FleetRun(answer, fleet_record(answer))
