"""Write the README's tables, "the announcement, line by line" and the errors, and its pictures from runs made now.

Run it from the repository's root::

    python tools/build_validation_record.py # what the engines predict, where they predict something else
    python tools/build_readme.py            # the tables; tests/contract/test_readme.py says when it is due
    python tools/build_readme.py --pictures # the pictures too; needs Chromium
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

import gigawatt as gw
from gigawatt.planning.plan import ClaimCheck, Plan
from gigawatt.units import say
from gigawatt.validation.record import record
from gigawatt.views.report.html import write_report
from gigawatt.views.report.proof import COMPARED_WITH

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
CLAIMS, ERRORS = "claims", "errors"  # blocks of the README, between marks of that name
DRAWS_COUNT = 64
PICTURE_PX = (1280, 1180)


def claim(plan: Plan, kind: str, start: str) -> ClaimCheck:
    """Return the first claim of a kind whose label starts so."""
    return next(check for check in plan.claims if check.kind == kind and check.label.startswith(start))


def words(plan: Plan, name: str, *, band: bool = True) -> str:
    """Say a metric with its band."""
    metric = plan.metric(name)
    central = say(metric.value, metric.unit)
    if not band or metric.p10 == metric.p90:
        return central
    return f"{central} (P10-P90 {say(metric.p10, metric.unit)} to {say(metric.p90, metric.unit)})"


def found(check: ClaimCheck) -> str:
    """Say what was found for a claim, with the verdict."""
    return f"{check.verdict}: {check.because}" if check.verdict != "not modelled" else check.because


def rows() -> list[tuple[str, str, str]]:
    """Return each claim of January 2025, the command that models it and what it says."""
    meta, microsoft, stargate, xai = (
        gw.plan(name, draws_count=DRAWS_COUNT) for name in ("meta-2025", "microsoft-fy25", "stargate", "colossus")
    )
    runs = meta.tables["training"].set_index("model")
    pools = meta.tables["demand"].groupby("workload")["gpus_needed"].max()
    engineer, assistant = (float(pools[name]) for name in ("AI engineer", "assistant"))
    open_model = gw.serve("llama-4-scout", "h100-sxm", tpot_p99_s=0.05)
    command = "`gigawatt plan meta-2025`"
    hours = "; ".join(
        f"{name.title()} {say(runs.loc[f'llama-4-{name}', 'gpu_hours'], '1')} against {published}"
        for name, published in (("scout", "5.0 M"), ("maverick", "2.38 M"))
    )
    replica = min(point.replica.gpus_count for point in open_model.pool.frontier.deployments if point.meets_slo)
    return [
        ("60 to 65 billion dollars in 2025", command, found(claim(meta, "announced", "Capex 2025"))
         + f"; it buys {words(meta, 'fleet.gpus_bought')}"),
        ("38 to 39 the year before", command, found(claim(meta, "announced", "Capex the year before"))),
        ("51 to 53 expected", command, found(claim(meta, "announced", "Capex analysts expected"))),
        ("about 1 GW brought online in the year", command, found(claim(meta, "announced", "Compute brought online"))),
        ("more than 1.3 million GPUs at its end", command, found(claim(meta, "announced", "GPUs owned"))),
        ("do these three fit together?", command, "; ".join(
            f"{check.label.lower()}: {check.verdict}, {say(check.found, check.unit)}"
            for check in meta.claims if check.kind == "between")),
        ("a site of 2 GW and more, a good part of Manhattan", command,
         found(claim(meta, "announced", "Power of")) + "; " + claim(meta, "announced", "Land of").because),
        ("Llama 4 to train", command,
         f"GPU-hours found against published: {hours} (the batch, which is not published, is an assumption); Behemoth "
         f"{runs.loc['llama-4-behemoth', 'tflops_per_gpu']:.0f} TFLOP/s per GPU against 390"),
        ("open, to be run and fine-tuned by anyone",
         "`gigawatt serve --model llama-4-scout --accelerator h100-sxm --tpot 50ms`",
         f"Scout is served from {replica} H100 on, and at best at"
         f" {open_model.pool.usd_per_million_output_tokens:.2f} USD per million output tokens"),
        ("an AI engineer that writes code for its R&D", command,
         f"30,000 developers with 20 tasks a day need {say(engineer, 'GPU')} at most: "
         f"{engineer / meta.metric('fleet.gpus_online').value:.2%} of the fleet"),
        ("an assistant for a billion users", command,
         f"{say(assistant, 'GPU')} at most serve it: the fleet is not for chat alone"),
        ("advertisers will pay for it", command,
         f"NPV is zero at {words(meta, 'finance.break_even_ads_uplift_pct', band=False)} more advertising revenue for"
         " each doubling of compute"),
        ("Microsoft's 80 billion", "`gigawatt plan microsoft-fy25`",
         f"{words(microsoft, 'fleet.gpus_bought')}; "
         f"{words(microsoft, 'finance.capex_usd', band=False)} can be spent"),
        ("Stargate's 500 billion over four years", "`gigawatt plan stargate`",
         found(claim(stargate, "announced", "Capex"))),
        ("xAI's Colossus", "`gigawatt plan colossus`",
         found(next(check for check in xai.claims if check.label.startswith("Capex")))),
        ("will it pay back? the investors' doubt", command,
         f"NPV {words(meta, 'finance.npv_usd')} under the assumptions stated"),
    ]  # fmt: skip


def table() -> str:
    """Return the table in Markdown."""
    lines = ["| said in January 2025 | command | what it says |", "| --- | --- | --- |"]
    lines += [f"| {said} | {command} | {answer} |" for said, command, answer in rows()]
    return "\n".join(lines)


def error_table() -> str:
    """Return each engine's error against published measurements in Markdown, from the record that reports show."""
    lines = [
        "| engine | compared with | figures | median error | nine in ten within |",
        "| --- | --- | --- | --- | --- |",
    ]
    for engine, subject in COMPARED_WITH.items():
        summary = record().errors[engine]
        errors = f"{summary.median_abs_error_pct:.1f} % | {summary.p90_abs_error_pct:.0f} %"
        lines.append(f"| {engine} | {subject} | {summary.n} | {errors} |")
    return "\n".join(lines)


def with_block(text: str, name: str, block: str) -> str:
    """Return a text with what stands between the marks of a name replaced."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n\n{block}\n\n{end}{tail}"


def pictures() -> None:
    """Take a picture of the report and of the terminal."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        sys.exit("no Chromium: install it to take the pictures")
    from rich.console import Console

    from gigawatt.views.terminal import render

    plan = gw.plan("meta-2025", draws_count=DRAWS_COUNT)
    target = ROOT / "docs" / "images"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        page = write_report(plan, Path(folder) / "report.html")
        width, height = PICTURE_PX
        command = [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
            "--hide-scrollbars", f"--window-size={width},{height}",
            f"--screenshot={target / 'report.png'}", page.as_uri(),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
    console = Console(record=True, width=80, force_terminal=True, file=StringIO())
    console.print(render(plan, 80, report=Path("runs/meta-2025/report.html")))
    drawn = console.export_svg(title="gigawatt plan meta-2025")
    without_fonts = re.sub(r"@font-face\s*{[^}]*}", "", drawn)  # they would be fetched from the network
    (target / "terminal.svg").write_text(without_fonts)


def main() -> None:
    """Write the table, and the pictures where asked."""
    text = with_block(README.read_text(), CLAIMS, table())
    README.write_text(with_block(text, ERRORS, error_table()))
    if "--pictures" in sys.argv:
        pictures()


if __name__ == "__main__":
    main()
