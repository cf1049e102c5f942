from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gigawatt as gw
from gigawatt.planning.compare import compare
from gigawatt.planning.consistency import Found, judge, reading
from gigawatt.planning.document import clean, plan_document
from gigawatt.planning.figures import Figures
from gigawatt.planning.plan import Plan
from gigawatt.planning.training import batch_sequences
from gigawatt.planning.uncertainty import latin_hypercube
from gigawatt.planning.unit_costs import capital_recovery
from gigawatt.records import Quantity
from gigawatt.scenario.claims import Claim


def claim(value: str) -> Claim:
    return Claim(claim="compute-online", value=value, period="2025", source="x")


@pytest.mark.parametrize(
    ("said", "found", "verdict"),
    [
        ("~1 GW", 1.1e9, "agrees"),  # about: within 15 %
        ("~1 GW", 1.2e9, "differs"),
        ("> 2 GW", 5e9, "agrees"),
        ("> 2 GW", 1.9e9, "differs"),
        ("1 GW", 1.09e9, "agrees"),  # a bare figure is read as rounded, within 10 %
        ("1 GW", 1.12e9, "differs"),
        ("0.9..1.2 GW", 1.21e9, "differs"),
        ("1 GW", float("nan"), "not modelled"),
    ],
)
def test_claims_are_read_as_people_mean_them(said: str, found: float, verdict: str) -> None:
    assert judge(claim(said), Found(found, found, found, "")) == verdict


def test_a_range_that_overlaps_agrees() -> None:
    assert judge(claim("~1 GW"), Found(1.4e9, 1.1e9, 1.6e9, "")) == "agrees"


def test_reading_keeps_the_unit_of_the_claim() -> None:
    quantity, low, high = reading(claim("at least 1 GW".replace("at least", ">=")))
    assert (quantity.unit, low, high) == ("W", 1e9, float("inf"))


def test_figures_take_the_central_value_and_remember_what_was_used() -> None:
    price = Quantity(40.0, "USD", 30.0, 60.0, source="s")
    central = Figures()
    assert central("p", price) == 40.0
    assert central.used == {"p": price}


@given(st.integers(2, 64), st.integers(0, 1000))
def test_draws_fill_each_slice_once_and_depend_on_the_seed_alone(count: int, seed: int) -> None:
    found = latin_hypercube(("a", "c"), count, seed)
    for column in found.T:
        assert sorted((column * count).astype(int)) == list(range(count))
    # a dimension's shares hang on its name, not on its place or its neighbours
    assert (latin_hypercube(("c", "a"), count, seed)[:, ::-1] == found).all()
    assert (latin_hypercube(("a",), count, seed)[:, 0] == found[:, 0]).all()


@pytest.mark.parametrize(
    ("tokens", "sequence", "count"),
    [(16e6, 8192, 2048), (60e6, 4096, 14648), (8192, 8192, 1), (15360 * 4096, 4096, 15360)],
)
def test_batches_in_tokens_become_counts_that_parallelism_divides(tokens: float, sequence: int, count: int) -> None:
    found = batch_sequences(tokens, sequence)
    assert found == pytest.approx(count, rel=0.05)
    if count > 1:
        assert found % 64 == 0


def test_capital_recovery_against_worked_figures() -> None:
    assert capital_recovery(0.0, 4.0) == 0.25
    # 8 % over 30 years: 0.08 / (1 - 1.08^-30) = 0.08883
    assert capital_recovery(0.08, 30.0) == pytest.approx(0.0888274, rel=1e-5)


def test_clean_leaves_no_nan() -> None:
    assert clean({"a": [float("nan"), float("inf"), 1.0], 2: (True, None)}) == {
        "a": [None, None, 1.0],
        "2": [True, None],
    }


def test_same_seed_same_document_and_other_seed_other_band(meta: Plan) -> None:
    again = gw.plan("meta-2025", draws_count=16)
    assert plan_document(again) == plan_document(meta)
    other = gw.plan("meta-2025", draws_count=16, seed=7)
    assert other.metric("finance.npv_usd").value == meta.metric("finance.npv_usd").value
    assert other.metric("finance.npv_usd").p10 != meta.metric("finance.npv_usd").p10


@pytest.mark.parametrize("name", ["fleet.gpus_bought", "fleet.gpus_owned", "power.it_added_w"])
def test_more_money_never_buys_fewer_gpus(name: str) -> None:
    found = [
        gw.plan("meta-2025", [f"budget.0.capex={capex} B USD"], draws_count=0).metric(name).value
        for capex in (40, 50, 60, 70)
    ]
    assert found == sorted(found)


def test_a_plan_does_not_differ_from_itself_and_does_from_another(meta: Plan) -> None:
    document = plan_document(meta)
    same = compare([document, document])
    assert not same.differs
    assert not same.inputs
    richer = compare([document, plan_document(gw.plan("meta-2025", ["budget.0.capex=80 B USD"], draws_count=0))])
    assert richer.differs
    assert [row.path for row in richer.inputs] == ["budget.2025.capex"]
    bought = next(row for row in richer.outcome if row.name == "fleet.gpus_bought")
    assert bought.change_pct[1] is not None
    assert bought.change_pct[1] > 0


def test_break_even_uplift_pays_back_exactly(meta: Plan) -> None:
    uplift = meta.metric("finance.break_even_ads_uplift_pct").value
    paid = gw.plan("meta-2025", [f"revenue.0.ads_uplift={uplift} %"], draws_count=0)
    assert abs(paid.metric("finance.npv_usd").value) < 1e-6 * paid.metric("finance.capex_usd").value


def test_explanations_name_figures_that_exist(meta: Plan) -> None:
    paths = {origin.path for origin in meta.origins}
    assert set(meta.explanations) == {metric.name for metric in meta.metrics}
    for explanation in meta.explanations.values():
        assert explanation.formula
        assert explanation.origins
        assert set(explanation.origins) <= paths
