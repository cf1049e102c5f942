"""What the people of a cluster ask for: published statistics of its jobs."""

from __future__ import annotations

from pydantic import model_validator

from gigawatt.catalogue.entry import Entry
from gigawatt.records import Quantity

SHARES_CLOSE_FRAC = 0.011  # shares are printed to three digits, and three of them may add up to 0.999 or 1.001


class ClusterWorkload(Entry):
    """Jobs with accelerators of a cluster over some months. Running times leave queues out; waits are results."""

    gpus_count: Quantity  # of the cluster
    jobs_count: Quantity  # with accelerators
    span_days: Quantity
    gpu_time_s: Quantity  # accelerator-seconds of all jobs
    mean_run_s: Quantity
    median_run_s: Quantity
    longest_run_s: Quantity
    mean_gpus_count: Quantity
    most_gpus_count: Quantity  # of a job
    single_frac: Quantity | None = None  # share of jobs on one accelerator
    large_gpu_time_frac: Quantity | None = None  # share of accelerator time in jobs of eight or more
    mean_wait_s: Quantity  # in queues, to compare with
    median_wait_s: Quantity
    ends_jobs_frac: dict[str, Quantity]  # completes, fails, is-cancelled: share of jobs
    ends_gpu_time_frac: dict[str, Quantity]  # the same of accelerator time
    kinds_jobs_frac: dict[str, Quantity]  # training, fine-tuning, evaluation, interactive
    kinds_gpu_time_frac: dict[str, Quantity]
    quota_gpus: dict[str, Quantity]  # accelerators that each tenant may hold
    part_frac: Quantity | None = None  # share of the cluster's jobs that these tenants have; all where not given
    tenants_jobs_frac: dict[str, Quantity] = {}  # share of jobs; by rule where not given
    tenants_gpu_time_frac: dict[str, Quantity] = {}
    hours_ratio: dict[str, Quantity]  # batches started by hour of the day over their mean, "00" to "23"
    days_ratio: dict[str, Quantity]  # by day of the week, "mon" to "sun"
    day_spread_ratio: Quantity  # of a tenant's batches from day to day: standard deviation over mean
    batch_jobs_count: Quantity  # jobs of a batch, for jobs of the median accelerator time
    batch_correlation_frac: Quantity  # of the logarithms of running times in a batch
    looking_frac: Quantity  # share of batches that people submit only when their quota has room for them
    batch_span_s: Quantity  # mean delay of its jobs after its first

    @model_validator(mode="after")
    def _whole(self) -> ClusterWorkload:
        """Refuse shares that do not sum to 1, and tenants without a quota."""
        for name in ("ends_jobs_frac", "ends_gpu_time_frac", "kinds_jobs_frac", "kinds_gpu_time_frac"):
            total = sum(figure.value for figure in getattr(self, name).values())
            if abs(total - 1.0) > SHARES_CLOSE_FRAC:
                message = f"{name}: the shares sum to {total:g}, not to 1"
                raise ValueError(message)
        for name in ("tenants_jobs_frac", "tenants_gpu_time_frac"):
            strange = set(getattr(self, name)) ^ set(self.quota_gpus)
            if getattr(self, name) and strange:
                message = f"{name}: {sorted(strange)[0]} is not in both, shares and quotas"
                raise ValueError(message)
        return self
