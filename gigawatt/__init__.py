"""Plan AI data centres: from dollars and megawatts to GPUs online, models trained, tokens served and cash earned."""
