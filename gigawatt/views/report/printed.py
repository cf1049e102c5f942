"""A report as PDF or picture: printed by the Chromium, Chrome or Edge that the machine has, as its pages are HTML."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from gigawatt.errors import InputError
from gigawatt.planning.store import write_atomically

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
TIME_LIMIT_S = 120.0
PICTURE_PIXELS = (1280, 5200)  # width of a desk's screen; the whole of a plan's report with its tables folded
PIXELS_PER_PIXEL = 1.5  # of the picture, so that its letters are sharp


def print_report(page: Path, target: Path) -> Path:
    """Print a page as PDF, or take its picture as PNG.

    Parameters
    ----------
    page : Path
        report.html of a run.
    target : Path
        Ends in .pdf or .png.

    Returns
    -------
    Path
        The target.

    Raises
    ------
    InputError
        If there is no page, no browser, or it fails.
    """
    if not page.is_file():
        message = f"{page}: there is no report to print"
        raise InputError(message)
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        message = (
            f"{target.suffix[1:].upper()} is printed by Chromium or Chrome, and neither is on the path; open {page}"
        )
        raise InputError(message)
    with tempfile.TemporaryDirectory(prefix="gigawatt-print-", ignore_cleanup_errors=True) as place:
        made = Path(place) / f"made{target.suffix}"
        width, height = PICTURE_PIXELS
        how = (
            [f"--print-to-pdf={made}", "--no-pdf-header-footer"]
            if target.suffix == ".pdf"
            else [
                f"--screenshot={made}",
                f"--window-size={width},{height}",
                f"--force-device-scale-factor={PIXELS_PER_PIXEL}",
            ]
        )
        # A page of ours asks for nothing over the network; the proxy that is not there sees to it.
        alone = [
            "--headless",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={place}/profile",
            "--proxy-server=0.0.0.0:1",
        ]
        if os.geteuid() == 0:
            alone.append("--no-sandbox")  # Chromium's own sandbox refuses to run for root
        try:
            done = subprocess.run(
                [browser, *alone, *how, page.resolve().as_uri()], capture_output=True, timeout=TIME_LIMIT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            message = f"{browser} cannot print {page}: {error}"
            raise InputError(message) from error
        if not made.is_file():
            said = done.stderr.decode(errors="replace").strip().splitlines()
            message = f"{browser} printed nothing of {page}: {said[-1] if said else f'it ended with {done.returncode}'}"
            raise InputError(message)
        write_atomically(target, made.read_bytes())
    return target
