"""Pure rules: scores, classes, intervals, the gate, the recovery week. Worked examples and bounds."""

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatments import clinical_rules, scoring
from treatments.data import DrawData, PreparationData
from treatments.enums import Decision, Instrument
from treatments.policies import gate, intervals, plausible, recovery
from treatments.policies.gate import Evidence
from treatments.policies.intervals import Limits, Neighbour
from treatments.scoring import Unscorable

LIMITS = Limits(warn_days=14, block_days=7, approval_days=180, max_days=56)
DAY = dt.date(2026, 3, 2)
BERLIN = ZoneInfo("Europe/Berlin")
START, END = dt.datetime.fromisoformat("2026-01-01"), dt.datetime.fromisoformat("2027-01-01")


@given(st.fixed_dictionaries({item: st.integers(0, 10) for item in scoring.PEG_ITEMS}))
def test_peg_lies_between_its_items(answers: dict[str, int]) -> None:
    assert min(answers.values()) <= scoring.score(Instrument.PEG, answers) <= max(answers.values())


@given(st.dictionaries(st.integers(1, 24).map(str), st.sampled_from([0, 1, None]), max_size=24))
def test_rmdq_counts_ticks(answers: dict[str, int | None]) -> None:
    assert scoring.score(Instrument.RMDQ, answers) == sum(1 for value in answers.values() if value == 1)


@pytest.mark.parametrize(
    ("instrument", "answers"),
    [
        (Instrument.NRS, {}),
        (Instrument.NRS, {"value": 11}),
        (Instrument.PEG, {"pain": 1, "enjoyment": 2}),
        (Instrument.RMDQ, {"total": 25}),
        (Instrument.RMDQ, {"1": 2}),
        (Instrument.PGIC, {"value": 0}),
        (Instrument.SANE, {"value": 101}),
    ],
)
def test_unscorable_answers(instrument: Instrument, answers: dict[str, int | None]) -> None:
    with pytest.raises(Unscorable):
        scoring.score(instrument, answers)


@given(st.sampled_from(list(Instrument)), st.integers(-5, 120))
def test_score_stays_on_its_scale(instrument: Instrument, value: int) -> None:
    answers = {"value": value, "total": value, "pain": value, "enjoyment": value, "activity": value}
    scale = scoring.SCALES[instrument]
    if scale.low <= value <= scale.high:
        assert scale.low <= scoring.score(instrument, answers) <= scale.high
    else:
        with pytest.raises(Unscorable):
            scoring.score(instrument, answers)


@pytest.mark.parametrize(
    ("days", "code"),
    [
        (0, "session_out_of_order"),
        (6, "interval_blocked"),
        (7, "interval_warned"),
        (13, "interval_warned"),
        (56, None),
        (57, "interval_exceeded"),
        (14, None),
    ],
)
def test_interval_to_the_session_before(days: int, code: str | None) -> None:
    verdict = intervals.interval(2, DAY + dt.timedelta(days=days), [Neighbour(1, DAY, done=True)], LIMITS)
    assert (verdict.code if verdict else None) == code


@given(st.integers(-400, 400))
def test_interval_is_symmetric(days: int) -> None:
    """Moving the later one nearer is judged as moving the earlier one nearer."""
    other = DAY + dt.timedelta(days=days)
    later = intervals.interval(2, other, [Neighbour(1, DAY, done=False)], LIMITS)
    earlier = intervals.interval(1, DAY, [Neighbour(2, other, done=False)], LIMITS)
    assert (later.code if later else None) == (earlier.code if earlier else None)


@pytest.mark.parametrize(("days", "code"), [(112, None), (113, "interval_exceeded")])
def test_longest_interval_leaves_room_for_a_session_not_booked_yet(days: int, code: str | None) -> None:
    neighbours = [Neighbour(1, DAY, done=True), Neighbour(4, DAY + dt.timedelta(days=days + 50), done=False)]
    verdict = intervals.interval(3, DAY + dt.timedelta(days=days), neighbours, LIMITS)
    assert (verdict.code if verdict else None) == code


def test_longest_interval_is_measured_to_the_nearest_session() -> None:
    neighbours = [Neighbour(n, DAY + dt.timedelta(days=50 * (n - 1)), done=True) for n in (1, 2, 3)]
    assert intervals.interval(4, DAY + dt.timedelta(days=150), neighbours, LIMITS) is None


@pytest.mark.parametrize(("days", "lapsed"), [(180, False), (181, True)])
def test_approval_lapses(days: int, lapsed: bool) -> None:
    verdict = intervals.approval(1, DAY + dt.timedelta(days=days), DAY, [], LIMITS)
    assert (verdict is not None) is lapsed


@pytest.mark.parametrize(
    ("evidence", "decision"),
    [
        (Evidence(grave_event=True), Decision.STOP),
        (Evidence(injected=1, left=3), None),
        (
            Evidence(Decimal(8), Decimal(4), Decimal(15), Decimal(10), Decimal(2), injected=1, left=3),
            Decision.COMPLETE,
        ),
        (Evidence(Decimal(8), Decimal(5), injected=1, left=3), Decision.CONTINUE),
        (Evidence(None, None, Decimal(15), Decimal(10), injected=2, left=2), Decision.CONTINUE),
        (
            Evidence(Decimal(8), Decimal(7), Decimal(15), Decimal(14), injected=2, left=2),
            Decision.RE_EVALUATE,
        ),
        (Evidence(Decimal(8), Decimal(7), injected=1, left=3), Decision.CONTINUE),
        (Evidence(Decimal(8), Decimal(7), injected=4, left=0), Decision.COMPLETE),
        (Evidence(Decimal(0), Decimal(7), injected=1, left=3), None),
    ],
)
def test_gate_suggests(evidence: Evidence, decision: Decision | None) -> None:
    assert gate.suggest(evidence).decision == decision


scores = st.none() | st.integers(0, 10).map(Decimal)


@given(scores, scores, scores, scores, scores, st.integers(0, 5), st.integers(0, 5))
def test_gate_always_has_words(
    a: Decimal | None,
    b: Decimal | None,
    c: Decimal | None,
    d: Decimal | None,
    e: Decimal | None,
    injected: int,
    left: int,
) -> None:
    suggestion = gate.suggest(Evidence(a, b, c, d, e, injected, left))
    assert suggestion.rule
    assert suggestion.decision != Decision.STOP


def week(injected: dt.datetime, **fields: object) -> list[tuple[int, str]]:
    values: dict[str, object] = {
        "days": [0, 1, 3, 7],
        "zone": BERLIN,
        "quiet_from": dt.time(20),
        "now": injected,
    }
    mails = recovery.week(injected, **(values | fields))  # type: ignore[arg-type]
    return [(mail.day, f"{mail.due.astimezone(BERLIN):%d %H:%M}") for mail in mails]


def test_recovery_week_keeps_wall_time_over_the_change_of_clocks() -> None:
    """25 October 2026 has 25 hours."""
    injected = dt.datetime(2026, 10, 23, 11, 0, tzinfo=BERLIN)
    assert week(injected) == [(0, "23 13:00"), (1, "24 09:00"), (3, "26 09:00"), (7, "30 09:00")]


def test_first_mail_comes_before_the_quiet_hours() -> None:
    assert week(dt.datetime(2026, 3, 2, 18, 30, tzinfo=BERLIN))[0] == (0, "02 19:45")


def test_late_entry_plans_what_is_still_useful() -> None:
    injected = dt.datetime(2026, 3, 2, 10, 0, tzinfo=BERLIN)
    assert week(injected, now=injected + dt.timedelta(days=2)) == [(3, "05 09:00"), (7, "09 09:00")]


@given(st.datetimes(START, END, timezones=st.just(dt.UTC)))
def test_every_mail_is_due_before_it_expires(injected: dt.datetime) -> None:
    mails = recovery.week(injected, days=[0, 1, 3, 7], zone=BERLIN, quiet_from=dt.time(20), now=injected)
    assert all(injected < mail.due < mail.expires for mail in mails)
    assert {mail.day for mail in mails} >= {1, 3, 7}


def test_implausible_values_are_pointed_out() -> None:
    limits = clinical_rules.default().limits
    drawn = DrawData(blood_ml=Decimal(300), baseline_platelets=2400)
    made = PreparationData(product_ml=Decimal(7), product_platelets=1200)
    assert len(plausible.draw(drawn, limits=limits)) == 2
    assert len(plausible.preparation(made, drawn=drawn, limits=limits)) == 1
    assert plausible.preparation(made, drawn=DrawData(baseline_platelets=240), limits=limits) == []
