"""A campus told by its buildings and power, everything else from the catalogue or an overlay of it."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.catalogue.store import DATA
from gigawatt.errors import InputError
from gigawatt.planning.construction import Power, campus_inputs, campus_schedule, dates_of, lead_times_used

US = load().construction["us-2025"]


def test_power_is_the_whole_campus_unless_said_and_blocks_are_the_catalogues() -> None:
    inputs = campus_inputs(US, [100.0, 200.0], [Power("grid-new")])
    (source,) = inputs.power
    assert source.watts == 3e8
    assert source.block_w == US.power_block_mw["grid-new"].value * 1e6
    assert source.head_start_days == US.head_start_days["grid-new"].value
    assert campus_inputs(US, [100.0], [Power("grid-new", head_start_days=0.0)]).power[0].head_start_days == 0.0


def test_an_unknown_path_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="grid-existing"):
        campus_inputs(US, [100.0], [Power("grid-exists")])


def test_every_lead_time_used_has_its_source() -> None:
    sources = load().sources()
    for path in US.power_block_mw:
        used = lead_times_used(campus_inputs(US, [100.0], [Power(path)], from_site_search=True))
        assert used <= set(US.lead_days)
        assert all(US.lead_days[name].source in sources for name in used)


def test_an_overlay_with_a_longer_lead_time_delays_the_campus(tmp_path: Path) -> None:
    text = (DATA / "construction" / "us-2025.yaml").read_text()
    slower = text.replace("hv-transformer: {value: 150 week,", "hv-transformer: {value: 185 week,")
    assert slower != text
    folder = tmp_path / "construction"
    folder.mkdir()
    (folder / "us-2025.yaml").write_text(slower)
    facts = load((tmp_path,)).construction["us-2025"]
    usual, late = (
        campus_schedule(campus_inputs(each, [100.0] * 4, [Power("grid-new")])).first_power.band for each in (US, facts)
    )
    # 35 weeks, less where another chain, such as the line, would have been last
    assert 150 < late.p50_days - usual.p50_days <= 35 * 7


def test_a_bridge_brings_the_first_megawatts_and_the_grid_the_rest() -> None:
    bridge = [Power("mobile-gas", 150.0), Power("grid-new", 1050.0)]
    schedule = campus_schedule(campus_inputs(US, [150.0] * 8, bridge))
    alone = campus_schedule(campus_inputs(US, [150.0] * 8, [Power("grid-new")]))
    assert schedule.first_power.band.p90_days < alone.first_power.band.p50_days
    assert schedule.first_power.limit_frac["buildings"] > 0.5
    assert schedule.complete.limit_frac["power"] > 0.7
    assert np.all(np.diff(schedule.energised_w_PT, axis=1) >= 0.0)


def test_dates_count_from_clearing() -> None:
    # Abilene: cleared on 2024-05-31, first 147 MW seen on 2025-06-28 (Epoch AI)
    inputs = campus_inputs(US, [147.5] * 8, [Power("onsite-gas-reserved")])
    early, middle, late = dates_of(campus_schedule(inputs).first_power.band, datetime.date(2024, 5, 31))
    assert early <= datetime.date(2025, 6, 28) <= late
    assert early < middle < late
