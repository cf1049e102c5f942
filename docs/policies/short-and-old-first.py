# Jobs that have waited long for their length go first (highest response ratio next, P. Brinch Hansen, 1971), small ones
# before large ones of the same ratio; classes of higher priority count as so many hours waited.
def queue(wait_s, run_time_s, job_gpus, priority):
    waited_s = wait_s + 3600 * priority
    return (600 + waited_s) / (600 + run_time_s) - job_gpus / 1000000


# Large jobs where they fit tightly, away from pods that fail.
def placement(pod_free_nodes, left_nodes, pod_failures):
    if pod_free_nodes < left_nodes:
        return pod_free_nodes - 100000
    return -pod_free_nodes - 0.1 * pod_failures
