"""Pure rules of the record: merging, units, labels, rotors, presets."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.exceptions import InvalidInput
from treatments import clinical_rules
from treatments.data import AnaestheticData, InjectionData, ReadyingData, SpinData, TargetData
from treatments.policies import bedside, labels, merging, plausible, presets, processing, units

VALUES = st.sampled_from(["", "1", "2", "1.0"])
FIELDS = st.fixed_dictionaries({"a": VALUES, "b": VALUES, "c": VALUES})
TARGETS = [TargetData("facet", "L4-L5", side) for side in ("left", "right")]


@given(FIELDS, FIELDS, FIELDS)
def test_a_merge_loses_nothing(base: dict[str, str], mine: dict[str, str], saved: dict[str, str]) -> None:
    found = merging.three_way(base, mine, saved)
    for field, typed in mine.items():
        untouched = merging.same(typed, base[field])
        assert found.values[field] == (saved[field] if untouched else typed)
        moved_on = not merging.same(saved[field], base[field])
        assert (field in found.theirs) == (
            not untouched and moved_on and not merging.same(saved[field], typed)
        )


@given(st.integers(100, 20_000))
def test_a_count_is_the_same_in_every_unit(count: int) -> None:
    typed = [f"{count}", f"{count} k/µL", f"{count} G/L", f"{count / 1000} M/µL", f"{count * 1000} /µL"]
    assert {units.platelets(each, most=20_000) for each in typed} == {count}


@pytest.mark.parametrize("typed", ["abc", "-5", "12 apples", "1.5", ""])
def test_what_is_no_count_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput):
        units.platelets(typed, most=20_000)


@pytest.mark.parametrize(
    ("scanned", "lot", "expires"),
    [
        ("01040123456789011727113010LOT42", "LOT42", dt.date(2027, 11, 30)),
        ("]d2010401234567890110LOT42\x1d17271130", "LOT42", dt.date(2027, 11, 30)),
        ("010401234567890110LOT42|17271130", "LOT42", dt.date(2027, 11, 30)),
        ("(01)04012345678901(17)271100(10)LOT42", "LOT42", dt.date(2027, 11, 30)),
        ("4012345678901", "", None),
    ],
)
def test_labels_are_read_as_scanners_type_them(scanned: str, lot: str, expires: dt.date | None) -> None:
    assert labels.read(scanned) == labels.Label("04012345678901", lot, expires)


@given(st.text(max_size=60))
def test_no_scan_breaks_the_reader(scanned: str) -> None:
    try:
        found = labels.read(scanned)
    except InvalidInput:
        return
    assert found.device_identifier == "" or len(found.device_identifier) == 14


@pytest.mark.parametrize(("rpm", "radius", "g"), [(3000, 150, 1509), (1000, 100, 112), (4000, 86, 1538)])
def test_rpm_and_radius_make_g(rpm: int, radius: int, g: int) -> None:
    assert processing.g_of(rpm=rpm, radius_mm=radius) == g


@given(st.integers(100, 10_000), st.integers(20, 399))
def test_g_grows_with_speed_and_radius(rpm: int, radius: int) -> None:
    here = processing.g_of(rpm=rpm, radius_mm=radius)
    assert processing.g_of(rpm=rpm + 100, radius_mm=radius) >= here
    assert processing.g_of(rpm=rpm, radius_mm=radius + 1) >= here


@pytest.mark.parametrize(
    "spin", [SpinData(Decimal(10), g=5001), SpinData(Decimal(61), g=900), SpinData(Decimal(5))]
)
def test_impossible_runs_are_refused(spin: SpinData) -> None:
    with pytest.raises(InvalidInput):
        processing.check_spin(spin)


@given(st.integers(1, 8), st.decimals("0.5", "20", places=1), st.decimals("0.1", "5", places=1))
def test_as_planned_never_injects_more_than_there_is(rows: int, product: Decimal, usual: Decimal) -> None:
    targets = [TargetData("facet", level, "left") for level in "abcdefgh"[:rows]]
    preset = clinical_rules.Usual(target_ml=usual)
    found = presets.injections(targets, preset, product_ml=product, earlier={})
    assert sum(row.volume_ml for row in found) <= product
    assert len(found) in (0, rows)


def test_a_target_gets_its_volume_of_last_time() -> None:
    preset = clinical_rules.Usual(target_ml=Decimal(1))
    found = presets.injections(TARGETS, preset, product_ml=Decimal(7), earlier={TARGETS[0]: Decimal("2.5")})
    assert [row.volume_ml for row in found] == [Decimal("2.5"), Decimal(1)]


def test_a_time_out_is_never_presumed() -> None:
    ready, lines = presets.readying(clinical_rules.default().usual)
    assert (ready.time_out_at, ready.checked, ready.skin_agent) == (None, (), "chlorhexidine")
    assert [line.agent for line in lines] == ["lidocaine"]
    assert ReadyingData().time_out_at is None


def test_a_kit_goes_before_the_protocol() -> None:
    usual = presets.usual(
        clinical_rules.default().usual, {"product_ml": "5", "spins": [{"g": 300, "minutes": "8"}]}
    )
    assert (usual.product_ml, usual.spins[0].g, usual.anticoagulant) == (Decimal(5), 300, "acd_a")


@pytest.mark.parametrize(("ml", "count"), [("0.1", 1), ("0.5", 0), ("9", 1)])
def test_volumes_outside_the_protocols_range_are_pointed_out(ml: str, count: int) -> None:
    row = InjectionData(TARGETS[0], Decimal(ml), "ultrasound")
    assert len(plausible.injections([row], rules=clinical_rules.default())) == count


@pytest.mark.parametrize(
    ("agent", "use", "count"),
    [("bupivacaine", "mixed", 1), ("bupivacaine", "skin", 0), ("lidocaine", "mixed", 0)],
)
def test_only_mixed_bupivacaine_warns(agent: str, use: str, count: int) -> None:
    assert len(plausible.anaesthetics([AnaestheticData(agent, use=use)])) == count


@given(st.integers(50, 250), st.decimals("10", "400", places=1))
def test_bmi_times_height_squared_is_weight(height: int, weight: Decimal) -> None:
    found = bedside.bmi(height_cm=height, weight_kg=weight)
    assert found is not None
    assert abs(float(found) * (height / 100) ** 2 - float(weight)) <= 0.051 * (height / 100) ** 2
