"""Many demands sized at once against one at a time."""

from __future__ import annotations

import numpy as np
import pytest

import gigawatt as gw
from gigawatt.engines.serving import size, size_many
from gigawatt.errors import InputError


@pytest.fixture(scope="module")
def deployment():
    return gw.serve("llama-3.1-8b", "h100-sxm").pool.deployment


@pytest.mark.parametrize("availability", [0.0, 0.9, 0.999, 0.99999])
def test_many_are_what_one_at_a_time_is(deployment, availability):
    mean_N = np.array([0.0, 1e-6, 0.3, 7.0, 123.4, 5e3, 9.9e4]) * deployment.requests_per_s
    gpus_N, load_N = size_many(deployment, 1.6 * mean_N, mean_N, availability)
    for mean, gpus, load in zip(mean_N, gpus_N, load_N, strict=True):
        one = size(deployment, 1.6 * mean, mean, availability)
        assert (gpus, load) == (one.gpus_count, one.mean_utilisation_frac)
    assert not np.signbit(gpus_N).any()  # none is 0, not -0.0


@pytest.mark.parametrize("node_unavailable", [0.0, 0.01, 0.3])
@pytest.mark.parametrize("availability", [0.0, 1e-9, 0.5, 0.999, 1.0 - 1e-12])
def test_every_count_has_the_fewest_spares_that_are_enough(deployment, availability, node_unavailable):
    mean_N = np.arange(1, 120, 7) * deployment.requests_per_s
    gpus_N, _ = size_many(deployment, mean_N, mean_N, availability, node_unavailable)
    for mean, gpus in zip(mean_N, gpus_N, strict=True):
        assert gpus == size(deployment, mean, mean, availability, node_unavailable).gpus_count


def test_what_cannot_be_sized_is_refused(deployment):
    with pytest.raises(InputError, match="need 0 <= mean <= peak"):
        size_many(deployment, np.array([1.0]), np.array([2.0]))


def test_no_demands_need_nothing(deployment):
    assert [part.size for part in size_many(deployment, np.zeros(0), np.zeros(0))] == [0, 0]
