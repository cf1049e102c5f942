"""What is asked of the engineer; each field as an option of the verb."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from gigawatt.errors import InputError, nearest
from gigawatt.planning.engineer.targets import TARGETS
from gigawatt.planning.fleet.question import ACCELERATOR

GPUS = 10_000
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
    accelerator : str
        Id.
    gpus : int
        Accelerators of the fleet.
    trace, form, workload : str
        File with jobs and its format; or cluster of the catalogue whose people's jobs are drawn.
    load_frac : float
        Accelerators that each week's jobs ask for while it lasts over those there are. [-]
    weeks : int
        Of a drawn workload; a trace has its own.
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
    accelerator: str = ACCELERATOR
    gpus: int = GPUS
    trace: str = ""
    form: str = ""
    workload: str = ""
    load_frac: float = 0.7
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
        faults = []
        if self.target not in TARGETS:
            faults.append(f'target "{self.target}" is not known. {nearest(self.target, TARGETS)}')
        if self.trace and self.workload:
            faults.append("jobs come from a trace or are drawn from a workload, not both")
        if self.form and not self.trace:
            faults.append("a format is that of a trace")
        if self.gpus < 1 or self.weeks < LEAST_WEEKS or not 1 <= self.draws <= MOST_DRAWS:
            faults.append(f"accelerators are at least 1, weeks at least {LEAST_WEEKS}, draws 1 to {MOST_DRAWS}")
        if not 0.0 < self.load_frac <= 2.0:
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

    def bench_record(self) -> dict[str, Any]:
        """Return the fields that fix what policies are measured on: equal records, comparable results."""
        names = ("target", "accelerator", "gpus", "trace", "form", "workload", "load_frac", "weeks", "draws",
                 "reliability", "seed")  # fmt: skip
        whole = asdict(self)
        return {name: whole[name] for name in names}
