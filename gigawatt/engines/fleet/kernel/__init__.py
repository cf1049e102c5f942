"""The compiled part of the fleet simulator: one state of flat arrays, small functions that change it.

Reading order: `layout` (what there is), `draws` and `heap` (chance and time), `fetch` (a hint to the processor),
`space` and `place` (nodes), `progress` and `books` (what a job has done, who accounts for it), `lifecycle` (how a job
starts, stops and ends), `hazards` and `repair`, `queues` and `schedule`, `loop` (one event after the other).
"""
