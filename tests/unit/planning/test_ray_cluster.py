"""Parts on a real Ray cluster of two nodes: a killed worker and a killed node lose nothing.

Where Ray is not installed these tests are skipped and say so.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gigawatt.errors import InputError
from gigawatt.planning.executors import run_parts

ray = pytest.importorskip("ray", reason="Ray is not installed (extra ray)")

# Ray's own threads leave sockets and processes to the interpreter's end; its code warns of changes to come.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
PARTS = 12


class Marked:
    """Draws that say on which node they were made; the first worker to come to one part is killed."""

    def __init__(self, marks: Path, kill_at: int | None = None, pause_s: float = 0.0) -> None:
        self.marks, self.kill_at, self.pause_s = marks, kill_at, pause_s

    def __call__(self, part: int) -> dict[str, np.ndarray]:
        import ray

        node = ray.get_runtime_context().get_node_id()
        (self.marks / f"{part}-{node}-{os.getpid()}").touch()
        killed = self.marks / "killed"
        if part == self.kill_at and not killed.exists():
            killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.pause_s)
        stream = np.random.default_rng(np.random.SeedSequence(7, spawn_key=(part,)))
        return {"draw": np.arange(part * 4, part * 4 + 4), "value": stream.random(4)}


def fails(part: int) -> dict[str, np.ndarray]:
    """Fail as wrong input would."""
    message = f"part {part} is wrong"
    raise InputError(message)


def content(folder: Path) -> list[tuple[int, float]]:
    """Return the rows of all parts in order."""
    import duckdb

    return duckdb.connect().sql(f"SELECT draw, value FROM '{folder / 'parts' / '*.parquet'}' ORDER BY draw").fetchall()


@pytest.fixture(scope="module")
def cluster():
    """Start a cluster of two nodes with one core each, and join it."""
    from ray.cluster_utils import Cluster

    quiet = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": 80 * 1024 * 1024}
    two = Cluster(initialize_head=True, head_node_args=quiet)
    spare = two.add_node(num_cpus=1, object_store_memory=80 * 1024 * 1024)
    ray.init(address=two.address, log_to_driver=False, logging_level="ERROR")
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # the nodes do not have this test's folder
    yield two, spare
    ray.shutdown()
    two.shutdown()


def test_a_killed_worker_and_a_killed_node_lose_nothing(cluster, tmp_path):
    two, spare = cluster
    marks = tmp_path / "marks"
    marks.mkdir()
    work = Marked(marks, kill_at=1, pause_s=0.25)
    node = spare.node_id
    gone = False

    def remove_the_node_in_the_midst_of_its_work(done: int, parts: int) -> None:
        nonlocal gone
        if not gone and done >= 3 and list(marks.glob(f"*-{node}-*")):
            two.remove_node(spare, allow_graceful=False)
            gone = True

    run_parts(work, PARTS, tmp_path / "run", executor="ray", progress=remove_the_node_in_the_midst_of_its_work)
    assert (marks / "killed").exists()
    assert gone
    made = [path.name.split("-")[0] for path in marks.glob("*-*-*")]
    assert len(made) > len(set(made)) == PARTS  # some were made twice, each is there once
    assert content(tmp_path / "run") == [
        (part * 4 + row, float(value))
        for part in range(PARTS)
        for row, value in enumerate(np.random.default_rng(np.random.SeedSequence(7, spawn_key=(part,))).random(4))
    ]


def test_a_run_begun_elsewhere_is_gone_on_with(cluster, tmp_path):
    told: list[int] = []
    run_parts(
        Marked(tmp_path), 5, tmp_path / "run", executor="ray", workers=1, progress=lambda done, _: told.append(done)
    )
    assert told == [0, 1, 2, 3, 4, 5]
    before = content(tmp_path / "run")
    lost = tmp_path / "run" / "parts" / "part-00003.parquet"
    lost.unlink()
    told.clear()
    run_parts(Marked(tmp_path), 5, tmp_path / "run", executor="ray", progress=lambda done, _: told.append(done))
    assert told == [4, 5]
    assert content(tmp_path / "run") == before


def test_what_goes_wrong_in_a_part_is_told(cluster, tmp_path):
    with pytest.raises(InputError, match=r"part \d is wrong"):
        run_parts(fails, 2, tmp_path, executor="ray")
