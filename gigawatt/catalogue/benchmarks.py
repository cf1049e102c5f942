"""What serving is measured with: tasks whose results say neither how long requests are nor how a model was spread."""

from __future__ import annotations

from gigawatt.catalogue.entry import Entry
from gigawatt.records import Quantity


class ServingTask(Entry):
    """A task of a published benchmark; its id is the name that results give it."""

    input_tokens: Quantity  # mean of the prompts
    input_spread_ratio: Quantity | None = None  # standard deviation of their lengths over the mean
    queue_spread_ratio: Quantity | None = None  # with which waiting is predicted, where it is not that of the lengths
    output_spread_ratio: Quantity | None = None  # of the answers
    limited_round: str = ""  # whose submissions under latency limits ran with:
    limited_tensor_count: dict[str, Quantity] = {}  # ranks of tensor parallelism in one stage, by accelerator
    most_stages_count: dict[str, Quantity] = {}  # pipeline stages of submissions at most, by round
