"""Wall time of `gigawatt --help` and of a whole plan, side by side with a bare interpreter.

python benchmarks/bench_startup.py [REPEATS]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

REPEATS = 5
MAIN = "from gigawatt.views.cli import main; main()"


def seconds(arguments: list[str]) -> float:
    """Return the wall time of one run; stop where it fails."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", *arguments], check=True, capture_output=True)
    return time.perf_counter() - start


def main(repeats: int) -> None:
    """Measure in turns, so that a busy minute falls on all of them alike."""
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "run")
        cases = {
            "python -c pass": ["pass"],
            "import gigawatt": ["import gigawatt"],
            "gigawatt --help": [MAIN, "--help"],
            "gigawatt scenarios": [MAIN, "scenarios"],
            "gigawatt plan meta-2025": [MAIN, "plan", "meta-2025", "--out", out],
            "the same without bands": [MAIN, "plan", "meta-2025", "--draws", "0", "--out", out],
        }
        taken: dict[str, list[float]] = {name: [] for name in cases}
        for _ in range(repeats):
            for name, arguments in cases.items():
                taken[name].append(seconds(arguments))
    bare = median(taken["python -c pass"])
    print(f"{'':28s}{'median':>10s}{'ratio':>10s}")
    for name, times in taken.items():
        print(f"{name:28s}{median(times):8.3f} s{median(times) / bare:10.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else REPEATS)
