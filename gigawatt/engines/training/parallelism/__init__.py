"""The ways to spread a model: one file each, with the same three functions.

`weights_share(job, layout)`: what a rank holds of each kind of weight; `work_share(job, layout)`: its share of the
work; `exposed_time_s(...)`: the communication that is not hidden. See README.md for how to add one.
"""

from __future__ import annotations

from types import ModuleType

from gigawatt.engines.training.parallelism import context, data, expert, pipeline, tensor

PARALLELISMS: dict[str, ModuleType] = {
    "tensor": tensor,
    "pipeline": pipeline,
    "context": context,
    "expert": expert,
    "data": data,
}
