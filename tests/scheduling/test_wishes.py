"""The pure rules of waiting: the tables of moves walked, wishes, and how long an offer stands."""

import datetime as dt
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.exceptions import IllegalMove
from scheduling import wishes
from scheduling.enums import OFFER_TRANSITIONS, WAIT_TRANSITIONS, OfferStatus, WaitStatus
from scheduling.exceptions import OfferClosed

NOW = dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC)


@pytest.mark.parametrize(("before", "after"), list(product(WaitStatus, WaitStatus)))
def test_a_wait_moves_by_its_table(before: WaitStatus, after: WaitStatus) -> None:
    if after in WAIT_TRANSITIONS[before]:
        wishes.check_wait_move(before, after)
    else:
        with pytest.raises(IllegalMove):
            wishes.check_wait_move(before, after)


@pytest.mark.parametrize(("before", "after"), list(product(OfferStatus, OfferStatus)))
def test_an_offer_moves_by_its_table(before: OfferStatus, after: OfferStatus) -> None:
    if after in OFFER_TRANSITIONS[before]:
        wishes.check_offer_move(before, after)
    else:
        with pytest.raises(OfferClosed):
            wishes.check_offer_move(before, after)


minutes = st.integers(min_value=-600, max_value=60 * 24 * 30)


@given(
    start=minutes,
    notice=st.integers(min_value=0, max_value=60 * 24 * 14),
    by_phone=st.booleans(),
    term=st.integers(min_value=30, max_value=60 * 24 * 2),
)
def test_an_offer_leaves_time_to_answer_and_the_notice(
    start: int, notice: int, by_phone: bool, term: int
) -> None:
    """Never beyond the start less the notice, never longer than it lasts, never too short to answer."""
    begins, needed = NOW + dt.timedelta(minutes=start), dt.timedelta(minutes=notice)
    lasts = dt.timedelta(minutes=term)
    until = wishes.expiry(start=begins, now=NOW, lasts=lasts, notice=needed, by_phone=by_phone)
    least = wishes.LEAST_BY_PHONE if by_phone else wishes.LEAST
    if until is None:
        assert begins - needed - NOW < least
    else:
        assert until + needed <= begins
        assert least <= until - NOW <= lasts


@given(
    after_now=st.integers(min_value=0, max_value=60 * 24 * 700),
    weekdays=st.sets(st.integers(min_value=0, max_value=6)),
    part=st.sampled_from(["any", "morning", "afternoon"]),
    before=st.none() | st.dates(dt.date(2026, 11, 1), dt.date(2028, 12, 31)),
    after=st.none() | st.dates(dt.date(2026, 11, 1), dt.date(2028, 12, 31)),
)
def test_a_start_suits_exactly_when_nothing_is_said_against_it(
    after_now: int, weekdays: set[int], part: str, before: dt.date | None, after: dt.date | None
) -> None:
    start = NOW + dt.timedelta(minutes=after_now)
    said = wishes.objections(
        start=start,
        lead_id=None,
        wanted_lead_id=None,
        weekdays=weekdays,
        part=part,
        not_before=before,
        not_after=after,
    )
    suits = (
        (not weekdays or start.weekday() in weekdays)
        and (part != "morning" or start.hour < 12)
        and (part != "afternoon" or start.hour >= 12)
        and (before is None or before <= start.date())
        and (after is None or start.date() <= after)
    )
    assert (said == []) == suits
