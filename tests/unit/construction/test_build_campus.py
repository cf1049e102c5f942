from __future__ import annotations

import numpy as np
import pytest
from small_campus import certain, small_campus, spread_campus

from gigawatt.engines.construction import (
    Lead,
    PowerSource,
    campus_network,
    medians,
    milestone,
    peak_crew_count,
    reach_days,
    schedule_campus,
    simulate,
    stage_month_value_usd,
    watts_by_month,
)
from gigawatt.errors import InputError


def first_day(**changes: object) -> float:
    return float(reach_days(medians(small_campus(**changes)), 0.0)[0])


def test_trades_one_after_the_other_add_up() -> None:
    assert first_day() == pytest.approx(80.0)  # site works and seven trades of 10 days


def test_overlap_shortens_a_building() -> None:
    # each of the seven links saves half of 10 days; racks, set between, wait for level 3: day 10 + 6 * 5 + 5 = 45
    assert first_day(overlap_frac=0.5) == pytest.approx(45.0)


def test_the_second_building_is_one_interval_later() -> None:
    draws = medians(small_campus())
    np.testing.assert_allclose(reach_days(draws, 2e8), [110.0])


def test_the_interval_is_in_proportion_to_the_building_before() -> None:
    draws = medians(small_campus(building_w_K=np.array([5e7, 5e7])))
    np.testing.assert_allclose(reach_days(draws, 1e8), [95.0])


@pytest.mark.parametrize(
    ("changes", "day", "limit"),
    [
        # tie-in of 200 days and 10 to energise
        ({"leads": certain(substation_tie_in=200)}, 210.0, "power"),
        # switchgear of 300 days ordered 100 before clearing, then equipment and two levels of commissioning
        ({"leads": certain(switchgear=300), "equipment_head_start_days": 100.0}, 230.0, "buildings"),
        # 1,000 racks a building at 20 a day from day 70
        ({"racks_per_day": Lead(20.0, 20.0)}, 120.0, "racks"),
    ],
)
def test_the_last_of_power_buildings_and_racks_decides(changes: dict, day: float, limit: str) -> None:
    found = milestone(medians(small_campus(**changes)), 1e8)
    assert found.band.p50_days == pytest.approx(day)
    assert found.limit_frac[limit] == 1.0


def test_the_chain_that_decides_is_named() -> None:
    found = milestone(medians(small_campus(leads=certain(substation_tie_in=200))), 1e8)
    assert found.criticality_frac == {"substation-tie-in": 1.0, "grid-energise": 1.0}


def test_power_comes_in_blocks_one_after_the_other() -> None:
    source = PowerSource("grid-existing", 2e8, 1e8)
    draws = medians(small_campus(power=(source,), leads=certain(substation_tie_in=200, grid_energise=60)))
    np.testing.assert_allclose([reach_days(draws, 1e8)[0], reach_days(draws, 2e8)[0]], [260.0, 320.0])


def test_a_bridge_energises_what_it_carries_until_the_grid_comes() -> None:
    sources = (PowerSource("mobile-gas", 1e8, 1e8), PowerSource("grid-new", 1e8, 1e8))
    draws = medians(small_campus(power=sources, leads=certain(hv_transformer=1000)))
    # study 10, agreement 10, transformer 1000, energise 10
    np.testing.assert_allclose([reach_days(draws, 1e8)[0], reach_days(draws, 2e8)[0]], [80.0, 1030.0])


def test_a_head_start_moves_what_is_ordered_ahead_and_not_what_needs_the_land() -> None:
    def day(head_start: float, **leads: float) -> float:
        source = PowerSource("grid-new", 2e8, 2e8, head_start)
        return float(reach_days(medians(small_campus(power=(source,), leads=certain(**leads))), 2e8)[0])

    assert day(0.0, hv_transformer=1000) - day(300.0, hv_transformer=1000) == pytest.approx(300.0)
    assert day(300.0, substation=1000) == day(900.0, substation=1000) == pytest.approx(1010.0)


def test_land_and_permits_come_first_where_they_are_still_to_be_had() -> None:
    draws = medians(small_campus(from_site_search=True, leads=certain(site_control=100, permits=50)))
    np.testing.assert_allclose(reach_days(draws, 0.0), [230.0])


def test_a_retrofit_needs_no_shell() -> None:
    day = first_day(building_kind="retrofit", power=(PowerSource("mobile-gas", 2e8, 2e8),))
    assert day == pytest.approx(30.0)  # strip-out, fit-out (its equipment is there on day 10), commissioning


CREWS = {"earthworks": 100.0, "mep-rough-in": 400.0, "equipment-set": 400.0}


def test_people_enough_change_nothing_and_too_few_delay() -> None:
    free = medians(small_campus(start_interval=Lead(1.0, 1.0)))
    same = medians(small_campus(start_interval=Lead(1.0, 1.0), crew_per_100_mw_count=CREWS, crew_cap_count=900.0))
    few = medians(small_campus(start_interval=Lead(1.0, 1.0), crew_per_100_mw_count=CREWS, crew_cap_count=500.0))
    assert reach_days(same, 2e8) == pytest.approx(reach_days(free, 2e8))
    # first come, first served, one gang of 400: rough-in 40 to 50 and, of the second, 50 to 60; equipment 60 to 70 and
    # 70 to 80; then two levels of commissioning of 10 days each
    assert reach_days(few, 1e8)[0] == pytest.approx(90.0)
    assert reach_days(few, 2e8)[0] == pytest.approx(100.0)
    assert milestone(few, 2e8).criticality_frac["crew"] == 1.0


@pytest.mark.parametrize("cap", [450.0, 600.0, 1000.0])
def test_the_cap_on_people_holds_in_every_draw(cap: float) -> None:
    inputs = spread_campus(
        building_w_K=np.full(5, 1e8),
        power=(PowerSource("grid-existing", 5e8, 5e8),),
        start_interval=Lead(3.0, 4.0),
        crew_per_100_mw_count=CREWS,
        crew_cap_count=cap,
    )
    draws = simulate(inputs, 20, np.random.default_rng(1))
    crew = np.array([activity.crew_count for activity in draws.network.activities])
    for start, finish in zip(draws.start_AN.T, draws.finish_AN.T, strict=True):
        for moment in start[crew > 0]:
            on_site = crew[(start <= moment + 1e-9) & (finish > moment + 1e-9)].sum()
            assert on_site <= cap + 1e-9


def test_an_activity_that_wants_more_people_than_all_takes_longer() -> None:
    few = first_day(crew_per_100_mw_count={"earthworks": 1000.0}, crew_cap_count=500.0, building_w_K=np.array([1e8]))
    assert few == pytest.approx(90.0)  # 10 days become 20


def test_the_peak_of_people_is_that_of_the_bars() -> None:
    crews = {"earthworks": 100.0, "foundations": 300.0}
    draws = medians(small_campus(start_interval=Lead(10.0, 10.0), crew_per_100_mw_count=crews))
    assert peak_crew_count(draws) == pytest.approx(400.0)  # second building's earthworks beside the first's foundations


def test_lognormal_durations_have_the_percentiles_given() -> None:
    inputs = small_campus(leads=certain() | {"switchgear": Lead(1000.0, 1500.0)})
    draws = simulate(inputs, 20_000, np.random.default_rng(0))
    position = draws.network.position["switchgear:1"]
    days = draws.finish_AN[position] - draws.start_AN[position]
    np.testing.assert_allclose(np.percentile(days, (50, 90)), [1000.0, 1500.0], rtol=0.02)


def test_a_site_shares_its_luck() -> None:
    draws = simulate(spread_campus(site_correlation_frac=0.5), 20_000, np.random.default_rng(0))
    position = draws.network.position
    logs = [np.log((draws.finish_AN - draws.start_AN)[position[name]]) for name in ("foundations:1", "foundations:2")]
    assert np.corrcoef(logs)[0, 1] == pytest.approx(0.5, abs=0.03)
    items = [np.log((draws.finish_AN - draws.start_AN)[position[name]]) for name in ("switchgear:1", "switchgear:2")]
    assert np.corrcoef(items)[0, 1] == pytest.approx(1.0)


def test_the_same_seed_gives_the_same_schedule() -> None:
    one, two = (schedule_campus(spread_campus(), seed=3, draws_count=50) for _ in range(2))
    np.testing.assert_array_equal(one.energised_w_PT, two.energised_w_PT)
    assert one.complete.band == two.complete.band


def test_megawatts_by_month_are_the_least_of_three_and_agree_with_the_dates() -> None:
    draws = simulate(spread_campus(), 200, np.random.default_rng(0))
    month_ends = np.linspace(5.0, 250.0, 30)
    watts = watts_by_month(draws, month_ends)
    least = np.minimum(np.minimum(watts["power"], watts["buildings"]), watts["racks"])
    np.testing.assert_array_equal(watts["energised"], least)
    assert np.all(np.diff(watts["energised"], axis=1) >= 0.0)
    assert np.all(watts["in-service"] <= watts["energised"])
    days = reach_days(draws, 1e8)
    np.testing.assert_array_equal(watts["energised"] >= 1e8 * (1 - 1e-12), days[:, None] <= month_ends)


def test_a_schedule_shows_all_until_nine_of_ten_are_complete() -> None:
    schedule = schedule_campus(spread_campus(), draws_count=400)
    assert schedule.gigawatt is None
    assert schedule.energised_w_PT[0, -1] == pytest.approx(2e8)
    assert np.all(np.diff(schedule.energised_w_PT, axis=0) >= 0.0)
    assert schedule.first_power.band.p50_days < schedule.complete.band.p10_days


def test_a_month_saved_is_worth_its_margin_on_the_chain_and_nothing_off_it() -> None:
    draws = medians(small_campus(leads=certain(substation_tie_in=300)))
    values = stage_month_value_usd(draws, 12e6)
    # 200 MW a month earlier at 1 M USD per MW and month
    assert values["substation-tie-in"] == pytest.approx(200e6)
    assert values["foundations"] == 0.0
    assert next(iter(values)) == "substation-tie-in"


def test_wrong_inputs_are_refused_all_at_once() -> None:
    inputs = small_campus(
        power=(PowerSource("grid-existing", 1e8, 1e8),), overlap_frac=1.0, racks_per_day=Lead(1.0, 2.0), rack_w=0.0
    )
    with pytest.raises(InputError, match=r"smaller than the buildings.*racks_per_day.*rack_w.*overlap_frac"):
        campus_network(inputs)
    with pytest.raises(InputError, match="grid-new"):
        campus_network(small_campus(power=(PowerSource("grid-now", 2e8, 2e8),)))
    leads = {name: lead for name, lead in certain().items() if name != "permits"}
    with pytest.raises(InputError, match='no lead time of "permits"'):
        campus_network(small_campus(from_site_search=True, leads=leads))
    with pytest.raises(InputError, match="no 300 MW"):
        reach_days(medians(small_campus()), 3e8)
    with pytest.raises(InputError, match="at least one draw"):
        schedule_campus(small_campus(), draws_count=0)
