"""What is asked of the engineer; each field as an option of the verb."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from gigawatt.errors import InputError, nearest
from gigawatt.planning.engineer.targets import TARGETS
from gigawatt.planning.fleet.question import ACCELERATOR

GPUS = 10_000
LOAD_FRAC = 0.7
MODEL = "llama-3.1-70b"  # that is served where none is named
BUDGET = 1_500
LEAST_WEEKS = 3  # one each to learn from, to choose by and to prove on
MOST_DRAWS = 100


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes
    ----------
    target : str
        Key of `TARGETS`: what the policy decides.
    scenario : str
        Shipped or a file: its fleet, its work and its rules are what policies are measured on; empty for a fleet of one
        kind.
    settings : tuple of str
        Of the scenario, as `a.b=c`.
    months : str
        Of the scenario: "2026-01..2026-12"; its twelve fullest where empty.
    accelerator : str
        Id; the scenario's, or the usual one, where empty.
    gpus : int
        Accelerators; those of the scenario, or the usual number, where 0.
    serves : str
        For a router: the model that is served; the scenario's, or the usual one, where empty.
    trace, form, workload : str
        File with jobs or requests and its format; or cluster of the catalogue whose people's jobs are drawn.
    load_frac : float
        Accelerators that each week's jobs ask for while it lasts over those there are; of a scenario over those that it
        keeps for them; of requests over what the replicas can do. The usual where 0. [-]
    weeks : int
        Of a drawn workload; a trace of jobs has its own. Of a scenario a week each of so many months; of requests
        windows.
    draws : int
        Times that each week is drawn anew from its jobs, with other failures.
    reliability : str
        Id; none for a fleet that never fails; empty for the usual one.
    budget_evaluations, budget_tokens : int
        Most policies that are simulated; most tokens of a language model, 0 for any number.
    budget_s : float
        Most time of the search; 0 for any. [s]
    seed : int
    workers : int
        Judges at work at once; the answer does not depend on it. 0 for one a core.
    llm, model : str
        Address of an OpenAI-compatible endpoint and its model; empty for the search that is built in.
    """

    target: str = "scheduler"
    scenario: str = ""
    settings: tuple[str, ...] = ()
    months: str = ""
    accelerator: str = ""
    gpus: int = 0
    serves: str = ""
    trace: str = ""
    form: str = ""
    workload: str = ""
    load_frac: float = 0.0
    weeks: int = 9
    draws: int = 5
    reliability: str = ""
    budget_evaluations: int = BUDGET
    budget_tokens: int = 0
    budget_s: float = 0.0
    seed: int = 0
    workers: int = 0
    llm: str = ""
    model: str = ""

    def require_valid(self) -> None:
        """Raise an InputError that names every fault."""
        faults = [*self._of_scenario()]
        if self.target not in TARGETS:
            faults.append(f'target "{self.target}" is not known. {nearest(self.target, TARGETS)}')
        if self.trace and self.workload:
            faults.append("jobs come from a trace or are drawn from a workload, not both")
        if self.form and not self.trace:
            faults.append("a format is that of a trace")
        if self.target == "router" and self.workload:
            faults.append("a workload is of jobs; requests to a router are drawn, or come from a trace")
        if self.serves and self.target != "router":
            faults.append("a model that is served is a router's; leave it out")
        if self.gpus < 0 or self.weeks < LEAST_WEEKS or not 1 <= self.draws <= MOST_DRAWS:
            faults.append(f"accelerators are at least 1, weeks at least {LEAST_WEEKS}, draws 1 to {MOST_DRAWS}")
        if not 0.0 <= self.load_frac <= 2.0:
            faults.append("the load is above 0 and at most 2")
        if min(self.budget_evaluations, 1) < 1 or self.budget_tokens < 0 or self.budget_s < 0.0:
            faults.append("the budget is at least one evaluation; tokens and seconds are not negative")
        if self.seed < 0 or self.workers < 0:
            faults.append("seed and workers are not negative")
        if bool(self.llm) != bool(self.model):
            faults.append("--llm and --model go together: the endpoint, and which of its models")
        if self.llm and not self.llm.startswith(("http://", "https://")):
            faults.append(f'--llm: "{self.llm}" is no address; write it as https://host/v1')
        if faults:
            message = "engineer: " + "; ".join(faults)
            raise InputError(message)

    def _of_scenario(self) -> list[str]:
        """Faults of what a scenario says, and of what only a scenario has."""
        if not self.scenario:
            said = [name for name in ("settings", "months") if getattr(self, name)]
            return [f"{name} are a scenario's; name one" for name in said]
        theirs = [name for name in ("accelerator", "gpus", "serves") if getattr(self, name)]
        if self.target == "router":
            theirs = [name for name in theirs if name != "gpus"]
        return [f"{name} is the scenario's: leave it out, or leave out the scenario" for name in theirs]

    def filled(self) -> Question:
        """Return the question with the usual figures where it says nothing and no scenario does."""
        if self.scenario:
            return self
        return replace(
            self,
            accelerator=self.accelerator or ACCELERATOR,
            gpus=self.gpus or (0 if self.target == "router" else GPUS),
            serves=self.serves or (MODEL if self.target == "router" else ""),
            load_frac=self.load_frac or LOAD_FRAC,
        )

    def bench_record(self) -> dict[str, Any]:
        """Return the fields that fix what policies are measured on: equal records, comparable results."""
        names = ("target", "scenario", "settings", "months", "accelerator", "gpus", "serves", "trace", "form",
                 "workload", "load_frac", "weeks", "draws", "reliability", "seed")  # fmt: skip
        whole = asdict(self)
        return {name: whole[name] for name in names}
