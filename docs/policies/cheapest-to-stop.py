# Who makes room loses least: work since the last checkpoint and the restart, for each accelerator that is won.
def victim(unsaved_s, restart_s, held_gpus, needed_gpus):
    lost_s = unsaved_s + restart_s
    spare_gpus = max(held_gpus - needed_gpus, 0)
    return -lost_s * (1 + spare_gpus / needed_gpus)


# A site over its limit of power: the jobs that draw most for the least lost.
def power(unsaved_s, restart_s, job_w, held_gpus):
    return job_w / (1 + (unsaved_s + restart_s) * held_gpus)


# A checkpoint as often as Daly's model asks for, but at least every half hour.
def checkpoint(best_interval_s):
    return min(best_interval_s, 1800)
