"""What single jobs take where nothing is said: prices, reliability, the software of today."""

from __future__ import annotations

import datetime

from gigawatt.records import Month
from gigawatt.units import DAYS_PER_YEAR, MONTHS_PER_YEAR

DEFAULT_TARIFF = "us-industrial-average"
DEFAULT_COSTS = "us-2025"
DEFAULT_RELIABILITY = "meta-llama3-h100"
DEFAULT_PUE = 1.12  # ASSUMPTION: a new liquid-cooled hyperscale site; Microsoft states 1.12 for its newest

# How long after a chip ships in volume its software still gains much. On 512 H100 (volume since 2022-10) the minutes
# to train MLPerf's GPT-3 fell 64.3, 58.3, 50.7, 49.8 in the rounds of June and November 2023 and 2024 (v3.0 to v4.1):
# the gains end with the round of June 2024.
SOFTWARE_MATURES_YEARS = 1.7
# Older chips run on the frameworks of that round too: fused attention came to A100 two years after the chip.
FRAMEWORKS_OF_YEAR = 2024.45


def usual_software_date(available_from: str) -> float:
    """Return the year of the software that a job of today would run on an accelerator.

    Parameters
    ----------
    available_from : str
        First month of the accelerator's volume delivery, 2022-10.

    Returns
    -------
    float
        Today as a year with its fraction, but not later than `SOFTWARE_MATURES_YEARS` after the accelerator came, and
        not before `FRAMEWORKS_OF_YEAR`.
    """
    today = datetime.datetime.now(tz=datetime.UTC).date()
    this_year = today.year + (today.timetuple().tm_yday - 1) / DAYS_PER_YEAR
    mature_year = Month.parse(available_from).index / MONTHS_PER_YEAR + SOFTWARE_MATURES_YEARS
    return min(this_year, max(mature_year, FRAMEWORKS_OF_YEAR))
