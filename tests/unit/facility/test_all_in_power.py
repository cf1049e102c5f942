"""Watts at the meter per accelerator: published nodes and clusters, and the way back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigawatt.catalogue import load
from gigawatt.engines.facility.all_in import (
    MEAN_LOAD_FRAC,
    MOST_LOAD_FRAC,
    UNKNOWNS,
    AcceleratorPower,
    PowerUse,
    all_in,
    fit_table,
    solve,
)
from gigawatt.errors import InputError
from gigawatt.planning.figures import Figures
from gigawatt.planning.fit_in_power import fit_in_power

CATALOGUE = load()
# DGX H100 10.2 kW over 8 (datasheet); NVL72 racks of 132 kW and, for GB300, 150 kW (TrendForce, 2026) over 72
H100 = AcceleratorPower(CATALOGUE.accelerators["h100-sxm"].tdp_w.value, 10_200.0 / 8)
GB200 = AcceleratorPower(CATALOGUE.accelerators["gb200-nvl72"].tdp_w.value, 132e3 / 72)
GB300 = AcceleratorPower(CATALOGUE.accelerators["gb300-nvl72"].tdp_w.value, 150e3 / 72)


def test_dgx_h100_from_its_rating_to_its_largest_and_its_mean_load():
    # 10.2 kW rated, 8.4 kW the largest measured (IEEE Access 13:61740), 7.3 kW mean (arXiv:2506.14551)
    node = [
        8.0 * all_in(H100, PowerUse(700.0, load, 0.0, 1.0, 1.0)).total_w
        for load in (1.0, MOST_LOAD_FRAC, MEAN_LOAD_FRAC)
    ]
    assert node == pytest.approx([10_200.0, 8_400.0, 7_300.0])


def test_meta_provides_1807_watts_for_a_gb200_held_to_960():
    # 150 MW for 83,000 (arXiv:2605.24461); network 5 to 8 % of the servers, PUE of Meta's new halls 1.09
    for network_frac in (0.05, 0.08):
        found = all_in(GB200, PowerUse(960.0, 1.0, network_frac, 1.09, 1.0)).total_w
        assert found == pytest.approx(150e6 / 83_000, rel=0.05)


def test_colossus_has_1500_watts_for_an_h100():
    # 150 MW for 100,000 (Tom's Hardware, 2025): servers at their nameplate
    assert all_in(H100, PowerUse(700.0, 1.0, 0.08, 1.10, 1.0)).total_w == pytest.approx(1500.0, rel=0.05)


def test_announced_gb200_campuses_lie_between_the_mean_and_the_nameplate_with_headroom():
    # Epoch AI, 17 campuses: 1,717 to 2,600 W, median 2,083
    low = all_in(GB200, PowerUse(1200.0, MOST_LOAD_FRAC, 0.05, 1.08, 1.0)).total_w
    high = all_in(GB200, PowerUse(1200.0, 1.0, 0.14, 1.15, 1.1)).total_w
    assert low < 1_800.0
    assert low < 2_083.0 < high < 2_700.0


def test_what_makes_1_3_million_fit_into_2_gigawatts():
    # 1,538 W each. H100 at its nameplate fits; GB200 needs its cap below a kilowatt even when counted at what it draws,
    # and GB300 a deeper one; at their nameplates the newer ones need caps near half their rating or do not fit.
    target_w = 2e9 / 1.3e6
    rows = {
        (row.accelerator, row.pue, row.load_frac): row
        for row in fit_table(
            {"h100": H100, "gb200": GB200, "gb300": GB300}, 1.3e6, 2e9, [1.08, 1.2], [MOST_LOAD_FRAC, 1.0], 0.08
        )
    }
    assert rows["h100", 1.08, 1.0].chip_cap_w == 700.0
    assert rows["h100", 1.2, 1.0].chip_cap_w < 700.0
    assert 900.0 < rows["gb200", 1.08, MOST_LOAD_FRAC].chip_cap_w < 1000.0
    assert rows["gb200", 1.2, MOST_LOAD_FRAC].chip_cap_w < rows["gb200", 1.08, MOST_LOAD_FRAC].chip_cap_w
    assert not rows["gb300", 1.2, 1.0].fits
    for (name, pue, load_frac), row in rows.items():
        use = PowerUse(row.chip_cap_w, load_frac, 0.08, pue, 1.0)
        found_w = all_in({"h100": H100, "gb200": GB200, "gb300": GB300}[name], use).total_w
        assert found_w <= target_w * (1.0 + 1e-9)
        assert row.count == pytest.approx(2e9 / row.uncapped_w)


def test_a_fleet_of_h100_at_mean_load_leaves_room_in_2_gigawatts():
    row = fit_table({"h100": H100}, 1.3e6, 2e9, [1.09], [MEAN_LOAD_FRAC], 0.08, headroom_ratio=1.15)[0]
    assert row.chip_cap_w == 700.0
    assert row.count > 1.3e6


def test_what_fits_by_the_catalogue():
    names = ["h100-sxm", "h200-sxm", "b200-sxm", "gb200-nvl72", "gb300-nvl72"]
    figures = Figures()
    rows = {
        (row.accelerator, row.load_frac): row
        for row in fit_in_power(CATALOGUE, names, 1.3e6, 2e9, pues=[1.08], figures=figures)
    }
    # counted at what training draws at most, Hopper fits as it is and Blackwell only with caps, deeper with each step
    caps = [rows[name, MOST_LOAD_FRAC].chip_cap_w / CATALOGUE.accelerators[name].tdp_w.value for name in names]
    assert caps[:2] == [1.0, 1.0]
    assert caps[3] > caps[4]
    assert not rows["gb300-nvl72", 1.0].fits
    assert "accelerators.gb200-nvl72.system_w" in figures.used


USES = st.builds(
    PowerUse,
    chip_cap_w=st.floats(600.0, 1200.0),
    load_frac=st.floats(0.3, 1.0),
    network_frac=st.floats(0.0, 0.3),
    pue=st.floats(1.02, 1.6),
    headroom_ratio=st.floats(1.0, 1.3),
)


@settings(max_examples=60, deadline=None)
@given(use=USES, unknown=st.sampled_from(UNKNOWNS), other=USES)
def test_solving_undoes_the_chain(use, unknown, other):
    target_w = all_in(GB200, use).total_w
    asked = replace(use, **{unknown: getattr(other, unknown)})
    assert solve(GB200, asked, unknown, target_w) == pytest.approx(getattr(use, unknown), rel=1e-9, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(use=USES)
def test_parts_add_up_and_every_figure_only_adds(use):
    parts = all_in(GB200, use)
    names = ("chip_w", "rest_of_server_w", "network_w", "overhead_w", "headroom_w")
    assert sum(getattr(parts, name) for name in names) == pytest.approx(parts.total_w)
    assert min(getattr(parts, name) for name in names) >= 0.0
    for name in UNKNOWNS:
        less = replace(use, **{name: max(getattr(use, name) * 0.99, 1.0 if name in ("pue", "headroom_ratio") else 0.0)})
        assert all_in(GB200, less).total_w <= parts.total_w * (1.0 + 1e-12)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"chip_cap_w": 1300.0}, "at most the rating"),
        ({"load_frac": 0.0}, "load_frac"),
        ({"pue": 0.9}, "pue is 0.9"),
        ({"headroom_ratio": 0.9}, "headroom_ratio"),
        ({"network_frac": -0.1}, "network_frac"),
    ],
)
def test_impossible_figures_are_named(changes, words):
    with pytest.raises(InputError, match=words):
        all_in(GB200, replace(PowerUse(1200.0, 1.0, 0.05, 1.1, 1.0), **changes))


def test_unknown_unknowns_and_empty_sites_are_refused():
    use = PowerUse(1200.0, 1.0, 0.05, 1.1, 1.0)
    with pytest.raises(InputError, match="Nearest: pue"):
        solve(GB200, use, "pu", 1500.0)
    with pytest.raises(InputError, match="positive"):
        fit_table({"gb200": GB200}, 0.0, 2e9, [1.1], [1.0], 0.05)
    with pytest.raises(InputError, match="chip of"):
        all_in(AcceleratorPower(700.0, 600.0), use)
