"""Figures and classes of a product: worked examples, published fixtures, bounds, and what is said when a row is missing."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatments.classification import Figure, Measurements, Sample, classes, derive, numbers, unverified

EXAMPLE = Measurements(
    baseline=Sample(platelets=240, leucocytes=Decimal("6.5"), neutrophils=Decimal("3.8")),
    product=Sample(1200, Decimal("18.2"), Decimal("9.1"), Decimal("0.50")),
    blood_ml=Decimal(52),
    anticoagulant_ml=Decimal(8),
    product_ml=Decimal(7),
    injected_ml=Decimal(5),
    activated=False,
)
counts = st.integers(1, 20000)
volumes = st.decimals(Decimal("0.1"), Decimal(500), places=1)


def test_worked_example_gives_every_figure() -> None:
    derived = derive(EXAMPLE)

    assert {name: getattr(derived, name).value for name in ("factor", "dose", "recovery", "purity")} == {
        "factor": Decimal("5.0"),
        "dose": Decimal("6.0"),
        "recovery": Decimal("67.3"),
        # 1200 of 1200 + 500 + 18.2 thousand cells
        "purity": Decimal("69.8"),
    }
    assert (derived.leucocytes.value, derived.paw.value, derived.mishra.value) == ("LR-PRP", "P3Aα", "1A")
    assert derived.others["depa"].value == "ACC"


def test_nothing_measured_derives_nothing_and_names_what_is_missing() -> None:
    derived = derive(Measurements(blood_ml=Decimal(52)))

    assert derived.factor == Figure(
        None, ("product.platelets", "draw.platelets"), ("product.platelets", "draw.platelets")
    )
    assert derived.recovery.missing == ("product.platelets", "product.volume_ml", "draw.platelets")
    assert {name: row["value"] for name, row in derived.document().items()} == dict.fromkeys(
        ("factor", "dose", "recovery", "purity", "leucocytes", "paw", "mishra", "depa")
    )


def test_one_missing_row_is_named_in_words() -> None:
    measured = replace(EXAMPLE, product=replace(EXAMPLE.product, neutrophils=None))

    assert classes.paw(measured).words == "missing: neutrophils in the product"
    assert classes.mishra(measured).value == "1A"


def test_baseline_of_anticoagulated_blood_is_undiluted() -> None:
    """208 counted in 52 mL blood with 8 mL of anticoagulant were 240 in the blood."""
    diluted = replace(EXAMPLE, baseline=replace(EXAMPLE.baseline, platelets=208), baseline_is_diluted=True)

    assert numbers.concentration_factor(diluted).value == Decimal("5.0")
    assert numbers.concentration_factor(replace(diluted, anticoagulant_ml=None)).missing == (
        "draw.anticoagulant_ml",
    )


@pytest.mark.parametrize(
    ("product", "name"), [(200, "P1"), (201, "P2"), (750, "P2"), (751, "P3"), (1250, "P3"), (1251, "P4")]
)
def test_paw_platelets_at_each_cut(product: int, name: str) -> None:
    assert classes.paw_platelets(product, 200) == name


def test_paw_tests_the_baseline_first() -> None:
    assert classes.paw_platelets(900, 900) == "P1"


# Kits as classed in PMC5302100, table 6; the blood counts are examples inside the classes that the table names.
KITS = {
    "ACP": (520, Decimal("2.1"), Decimal("0.5"), "P2Bβ", "3B"),
    "Magellan": (1300, Decimal("14.0"), Decimal("6.2"), "P4Aα", "1B"),
    "GPS III": (1150, Decimal("26.0"), Decimal("11.0"), "P3Aα", "1B"),
    "SmartPrep2": (1100, Decimal("19.0"), Decimal("7.5"), "P3Aα", "1B"),
}


@pytest.mark.parametrize("kit", KITS)
def test_published_classes_of_kits(kit: str) -> None:
    platelets, leucocytes, neutrophils, paw, mishra = KITS[kit]
    measured = replace(
        EXAMPLE,
        baseline=Sample(270, Decimal("6.5"), Decimal("3.8")),
        product=Sample(platelets, leucocytes, neutrophils),
    )

    assert (classes.paw(measured).value, classes.mishra(measured).value) == (paw, mishra)


# Mean counts of 12 people's blood and products: doi:10.5312/wjo.v13.i6.587, tables 2 and 3 (10⁹/L equal 10³/µL).
BLOOD = Sample(Decimal("240.67"), Decimal("6.49"), Decimal("3.79"))
PRODUCTS = {
    "ACP": (
        Sample(Decimal("357.33"), Decimal("0.87"), Decimal("0.87"), Decimal("0.05")),
        "1.5",
        "P2Bβ",
        "3B",
    ),
    "GPS III": (
        Sample(Decimal("1212.67"), Decimal("34.19"), Decimal("16.71"), Decimal("1.49")),
        "5.0",
        "P3Aα",
        "1A",
    ),
    "Xerthra": (
        Sample(Decimal("455.27"), Decimal("1.80"), Decimal("1.80"), Decimal("0.02")),
        "1.9",
        "P2Bβ",
        "3B",
    ),
}


@pytest.mark.parametrize("kit", PRODUCTS)
def test_published_counts_give_their_factor_and_class(kit: str) -> None:
    product, factor, paw, mishra = PRODUCTS[kit]
    derived = derive(replace(EXAMPLE, baseline=BLOOD, product=product))

    assert derived.factor.value == Decimal(factor)
    assert (derived.paw.value, derived.mishra.value) == (paw, mishra)


@pytest.mark.parametrize(
    ("rich", "activated", "high", "name"),
    [
        (True, False, True, "1A"),
        (True, True, False, "2B"),
        (False, False, False, "3B"),
        (False, True, True, "4A"),
    ],
)
def test_mishra_types(rich: bool, activated: bool, high: bool, name: str) -> None:
    measured = replace(
        EXAMPLE,
        product=Sample(1200 if high else 1199, Decimal(7) if rich else Decimal("6.5")),
        activated=activated,
    )

    assert classes.mishra(measured).value == name


def test_activation_from_outside_is_marked() -> None:
    assert classes.paw(replace(EXAMPLE, activated=True)).value == "P3xAα"


def test_equal_leucocytes_are_poor() -> None:
    measured = replace(EXAMPLE, product=replace(EXAMPLE.product, leucocytes=Decimal("6.5")))

    assert classes.leucocytes(measured).value == "LP-PRP"


@pytest.mark.parametrize(("dose", "letter"), [("5.1", "A"), ("5", "B"), ("3", "B"), ("1", "C"), ("0.9", "D")])
def test_unverified_cuts_include_their_lower_bound(dose: str, letter: str) -> None:
    depa = unverified.systems()[0]

    assert unverified.grade(depa.dimensions[0], Decimal(dose)) == letter


def test_every_unverified_system_names_its_source() -> None:
    assert [(system.key, bool(system.source)) for system in unverified.systems()] == [("depa", True)]


@given(product=counts, baseline=counts, blood=volumes, volume=volumes)
def test_recovery_grows_with_the_product(
    product: int, baseline: int, blood: Decimal, volume: Decimal
) -> None:
    less = numbers.recovery(_measured(product, baseline, blood, volume)).value
    more = numbers.recovery(_measured(product + 1, baseline, blood, volume)).value

    assert isinstance(less, Decimal)
    assert isinstance(more, Decimal)
    assert 0 <= less <= more


@given(product=counts, baseline=counts, times=st.integers(2, 50))
def test_factor_does_not_depend_on_the_unit(product: int, baseline: int, times: int) -> None:
    one = numbers.concentration_factor(_measured(product, baseline))
    other = numbers.concentration_factor(_measured(product * times, baseline * times))

    assert one.value == other.value


@given(
    platelets=counts,
    red=st.decimals(Decimal(0), Decimal(8), places=2),
    white=st.decimals(Decimal(0), Decimal(90), places=1),
)
def test_purity_lies_between_0_and_100(platelets: int, red: Decimal, white: Decimal) -> None:
    figure = numbers.purity(Measurements(product=Sample(platelets, white, None, red)))

    assert isinstance(figure.value, Decimal)
    assert 0 <= figure.value <= 100


@given(platelets=counts, baseline=counts)
def test_more_platelets_never_give_a_lower_class(platelets: int, baseline: int) -> None:
    assert classes.paw_platelets(platelets, baseline) <= classes.paw_platelets(platelets + 1, baseline)


def _measured(
    product: int, baseline: int, blood: Decimal = Decimal(52), volume: Decimal = Decimal(7)
) -> Measurements:
    return Measurements(baseline=Sample(baseline), product=Sample(product), blood_ml=blood, product_ml=volume)
