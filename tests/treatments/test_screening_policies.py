"""Hold dates and the judgement of checklists, as pure rules: units of the protocol, property by property."""

import datetime as dt
from decimal import Decimal
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.exceptions import InvalidInput
from treatments import clinical_rules
from treatments.clinical_rules import (
    ClinicalRules,
    ConsentRules,
    Level,
    MedicineGroup,
    MedicineHold,
    Moment,
    ScreeningRule,
)
from treatments.enums import Answer, MedicineKind, MedicinePlan
from treatments.policies import consents, medicines, screening
from treatments.policies.medicines import Asks, Kept, Taken
from treatments.policies.readiness import ConsentFact, Facts, Given, Part, Result, Ruled, State

RULES = clinical_rules.default()
DAY = dt.date(2026, 11, 30)
TODAY = DAY
days = st.dates(dt.date(2026, 1, 1), dt.date(2030, 1, 1))


def asked(name: str, group: str, day: dt.date = DAY, rules: ClinicalRules = RULES) -> medicines.Hold:
    return medicines.hold(name=name, group=group, session_day=day, rules=rules)


def table(**line: object) -> ClinicalRules:
    return msgspec.structs.replace(RULES, medicines=(MedicineHold(**line),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "group", "last"),
    [
        ("Ibuprofen", "nsaid", dt.date(2026, 11, 23)),  # the floor of 7 days is longer than its line
        ("Piroxicam", "nsaid", dt.date(2026, 11, 20)),  # its line of 10 days is longer than the floor
        ("Something new", "nsaid", dt.date(2026, 11, 23)),
        ("prednisone", "steroid", dt.date(2026, 11, 16)),
        ("Aspirin, to prevent a first event", "aspirin", dt.date(2026, 11, 24)),
    ],
)
def test_hold_of_a_medicine_with_a_number(name: str, group: str, last: dt.date) -> None:
    assert (asked(name, group).asks, asked(name, group).last_day) == (Asks.HOLD, last)


@pytest.mark.parametrize(
    ("name", "group", "asks"),
    [
        ("Paracetamol", "allowed", Asks.NOTHING),
        ("Metformin", "other", Asks.NOTHING),
        ("Aspirin, after an event", "aspirin", Asks.PRESCRIBER),
        ("Warfarin", "other", Asks.PRESCRIBER),  # the table knows better
        ("A new thinner", "anticoagulant", Asks.PRESCRIBER),
        ("Dexamethasone", "steroid", Asks.PHYSICIAN),
    ],
)
def test_hold_of_a_medicine_without_a_number(name: str, group: str, asks: Asks) -> None:
    assert (asked(name, group).asks, asked(name, group).last_day, asked(name, group).days) == (
        asks,
        None,
        None,
    )


@given(
    group=st.sampled_from([MedicineGroup.ANTICOAGULANT, MedicineGroup.ANTIPLATELET]),
    stop=st.none() | st.integers(0, 60),
    said=st.sampled_from(MedicineKind.values),
    day=days,
)
def test_no_day_is_ever_told_for_what_a_prescriber_decides(
    group: MedicineGroup, stop: int | None, said: str, day: dt.date
) -> None:
    """Not even where somebody wrote a number into the table, or chose another kind for it."""
    rules = table(name="X", group=group, stop_days=stop)
    for hold in (asked("x", said, day, rules), asked("Not in it", str(group), day, rules)):
        assert (hold.asks, hold.last_day, hold.days) == (Asks.PRESCRIBER, None, None)


@given(stop=st.integers(0, 60), floor=st.integers(0, 30), day=days, shift=st.integers(-200, 200))
def test_nsaid_is_held_for_the_longer_of_floor_and_line_and_moves_with_the_visit(
    stop: int, floor: int, day: dt.date, shift: int
) -> None:
    rules = table(name="X", group=MedicineGroup.NSAID, stop_days=stop)
    rules = msgspec.structs.replace(
        rules, limits=msgspec.structs.replace(rules.limits, nsaid_floor_days=floor)
    )
    hold, moved = asked("X", "nsaid", day, rules), asked("X", "nsaid", day + dt.timedelta(shift), rules)
    assert hold.last_day is not None
    assert moved.last_day is not None
    assert (day - hold.last_day).days == max(stop, floor)
    assert moved.last_day - hold.last_day == dt.timedelta(shift)


@given(day=days, today=days, dose=st.none() | days)
def test_a_hold_is_kept_only_by_a_dose_on_record(day: dt.date, today: dt.date, dose: dt.date | None) -> None:
    hold = asked("Ibuprofen", "nsaid", day)
    state = medicines.kept(hold, last_dose_on=dose, today=today)
    assert hold.last_day is not None
    late, past = dose is not None and dose > hold.last_day, today > hold.last_day
    assert (state == Kept.LATE) == late
    assert (state == Kept.KEPT) == (not late and past and dose is not None)
    assert (state == Kept.UNKNOWN) == (past and dose is None)


@given(today=days, ago=st.none() | st.integers(0, 40))
def test_the_earliest_day_keeps_every_hold_and_the_day_before_does_not(
    today: dt.date, ago: int | None
) -> None:
    last = None if ago is None else today - dt.timedelta(ago)
    taken = [
        Taken(uuid4(), 1, "Piroxicam", "nsaid", last),
        Taken(uuid4(), 1, "Warfarin", "anticoagulant"),
        Taken(uuid4(), 1, "Naproxen", "nsaid", plan=MedicinePlan.CONTINUE),
    ]
    first = medicines.earliest(taken, rules=RULES, today=today)
    assert first == (last or today) + dt.timedelta(10)
    assert asked("Piroxicam", "nsaid", first).last_day == (last or today)


def judged(**facts: object) -> screening.Readiness:
    values: dict[str, object] = {"rules": RULES, "session_key": "s", "session_day": DAY, "today": TODAY}
    return screening.judge(Facts(**(values | facts)))  # type: ignore[arg-type]


def number(value: str, on: dt.date = DAY) -> Given:
    return Given("k", Answer.NUMBER, Decimal(value), on)


def state_of(code: str, **facts: object) -> tuple[str, str]:
    line = judged(**facts).line(code)
    assert line is not None
    return str(line.state), str(line.level)


def test_nothing_asked_is_open_and_never_cleared() -> None:
    found = judged()
    assert {line.state for line in found.lines} == {State.OPEN}
    assert len(found.standing) == len(found.lines)
    assert found.result == Result.OPEN


@given(count=st.decimals(min_value=0, max_value=600, places=1))
def test_two_limits_of_one_measurement_are_one_line_with_the_graver_verdict(count: Decimal) -> None:
    given_ = Given("k", Answer.NUMBER, count, DAY)
    expected = (
        ("fired", "block") if count < 50 else ("fired", "review") if count < 150 else ("clear", "block")
    )
    assert state_of("platelets_critical", booking={"platelets_critical": given_}) == expected
    assert judged().line("platelets_low") is None


@pytest.mark.parametrize(("age", "state"), [(0, "clear"), (30, "clear"), (31, "open"), (400, "open")])
def test_a_measurement_that_is_too_old_counts_as_not_given(age: int, state: str) -> None:
    old = number("13", DAY - dt.timedelta(age))
    assert state_of("haemoglobin_low", booking={"haemoglobin_low": old})[0] == state


def test_not_measured_is_no_number_and_does_not_pass_a_block() -> None:
    nothing = Given("k", Answer.NOT_DONE, None, DAY)
    assert state_of("platelets_critical", booking={"platelets_critical": nothing}) == ("fired", "review")
    assert state_of("glucose", day={"glucose": nothing})[0] == "clear"


def test_inr_is_asked_only_of_who_takes_an_anticoagulant() -> None:
    thinner = Taken(uuid4(), 1, "Warfarin", "anticoagulant", is_decided=True)
    assert judged().line("inr") is None
    assert state_of("inr", taken=[thinner]) == ("open", "block")
    assert state_of("inr", taken=[thinner], day={"inr": number("2.1")}) == ("fired", "block")
    assert state_of("inr", taken=[thinner], day={"inr": number("1.4")})[0] == "clear"


@pytest.mark.parametrize(("value", "stands"), [("yes", True), ("no", False)])
def test_a_warning_is_pointed_out_and_stands_in_nobodys_way(value: str, stands: bool) -> None:
    said = {"tobacco": Given("k", value, None, DAY), "cancer": Given("c", value, None, DAY)}
    found = judged(booking=said)
    tobacco, cancer = found.line("tobacco"), found.line("cancer")
    assert tobacco is not None
    assert cancer is not None
    assert (tobacco.stands, tobacco.is_pointed_out, cancer.stands) == (False, stands, stands)


def test_a_ruling_counts_for_exactly_what_it_was_given_for() -> None:
    first = judged(booking={"infection": Given("one", "yes", None, DAY)}).line("infection")
    assert first is not None
    assert first.stops_draw
    ruling = Ruled("infection", first.basis, "Healed, seen today")
    for key, stops in (("one", False), ("two", True)):
        line = judged(booking={"infection": Given(key, "yes", None, DAY)}, rulings=[ruling]).line("infection")
        assert line is not None
        assert line.stops_draw == stops


def test_a_word_on_a_medicine_ends_when_the_visit_moves() -> None:
    takes = Taken(uuid4(), 1, "Ibuprofen", "nsaid", DAY)
    line = judged(taken=[takes]).line(screening.medicine_code(takes))
    assert line is not None
    assert line.state == State.FIRED
    ruling = Ruled(line.code, line.basis, "One tablet, small dose")
    for day, stands in ((DAY, False), (DAY + dt.timedelta(1), True)):
        moved = judged(taken=[takes], session_day=day, rulings=[ruling]).line(line.code)
        assert moved is not None
        assert moved.stands == stands


CONSENT = ConsentFact("c", DAY - dt.timedelta(10), dt.datetime(2026, 11, 20, tzinfo=dt.UTC))


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, State.OPEN),
        ({"consent": CONSENT}, State.CLEAR),
        ({"consent": ConsentFact("c", DAY, CONSENT.given_at, is_withdrawn=True)}, State.FIRED),
        ({"consent": ConsentFact("c", DAY - dt.timedelta(366), CONSENT.given_at)}, State.OPEN),
        ({"consent": CONSENT, "consent_since": CONSENT.given_at + dt.timedelta(1)}, State.OPEN),
        ({"consent": CONSENT, "consent_since": CONSENT.given_at}, State.CLEAR),
    ],
)
def test_consent_stands_or_stops_the_draw(facts: dict[str, object], state: State) -> None:
    line = judged(**facts).line("consent")
    assert line is not None
    assert (line.state, line.stops_draw) == (state, state != State.CLEAR)


def test_a_protocol_that_asks_for_no_consent_has_no_such_line() -> None:
    rules = msgspec.structs.replace(RULES, consent=ConsentRules(required=False))
    assert judged(rules=rules).of(Part.CONSENT) == []


@pytest.mark.parametrize(
    "drawn",
    [
        None,
        "x",
        [],
        [[]],
        [[[0, 0]]],
        [[[0, 0], [1001, 5]]],
        [[[0, 0], [5.5, 5]]],
        [[[0, 0], [True, 5]]],
        [[[0, 0], [-1, 5]]],
        [[[0, 0, 0], [200, 5, 0]]],
        [[[0, 0], [10, 10]]],
        [[[0, 0], [1000, 300]] * 4000],
    ],
)
def test_what_is_no_signature_is_refused(drawn: object) -> None:
    with pytest.raises(InvalidInput):
        consents.strokes(drawn)


def test_a_signature_is_kept_point_by_point() -> None:
    assert consents.strokes([[[0, 0], [100, 50]], [[5, 5]]]) == [[(0, 0), (100, 50)], [(5, 5)]]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n...\n%%EOF\n", consents.PDF),
        (b"\xff\xd8\xff\xe0" + b"." * 50 + b"\xff\xd9", consents.JPEG),
        (b"<html><script>", None),
        (b"%PDF-1.7 cut off", None),
        (b"MZ" + b"\x00" * 40, None),
        (b"%PDF-" + b"0" * consents.LARGEST_PAGE + b"%%EOF", None),
    ],
)
def test_a_scanned_page_is_known_by_its_content(content: bytes, kind: str | None) -> None:
    if kind is None:
        with pytest.raises(InvalidInput):
            consents.page_type(content)
    else:
        assert consents.page_type(content) == kind


@pytest.mark.parametrize(
    ("sex", "diagnosis", "asked"),
    [
        ("male", "M51.36", False),
        ("female", "M54.50", False),
        ("female", "M51.36", True),
        ("unknown", "M51.36", True),
        ("other", "M51.36", True),
    ],
)
def test_line_may_be_asked_by_sex_and_diagnosis_and_an_unknown_sex_is_asked(
    sex: str, diagnosis: str, asked: bool
) -> None:
    line = ScreeningRule(
        code="fissure",
        words="Known fissure",
        moment=Moment.BOOKING,
        level=Level.REVIEW,
        only_sex="female",
        only_diagnosis="M51",
    )
    rules = msgspec.structs.replace(RULES, screening=(line,))
    found = judged(rules=rules, sex=sex, diagnosis_code=diagnosis)
    assert (found.line("fissure") is not None) is asked
