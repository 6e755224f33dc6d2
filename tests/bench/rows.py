"""The rows of the bench, in the order in which they run. Each takes the measured site and gives its lines."""

from collections.abc import Callable, Iterator

from tests.bench import booking_rows, calendar_rows, cohort_rows, mail_rows, page_rows, search_rows
from tests.bench.clocked import Row
from tests.bench.data import sites
from tests.factories.scheduling import House

ROWS: dict[str, Callable[[House], Iterator[Row]]] = {
    "patient_search": search_rows.patient_search,
    "availability_30d": calendar_rows.availability_30d,
    "availability_365d": calendar_rows.availability_365d,
    "course_plan": calendar_rows.course_plan,
    "page_day": page_rows.page_day,
    "page_week": page_rows.page_week,
    "page_board": page_rows.page_board,
    "report_year": page_rows.report_year,
    "cohort_report": cohort_rows.cohort_report,
    "registry_export": cohort_rows.registry_export,
    "booking_alone": booking_rows.booking_alone,
    "booking_contended": booking_rows.booking_contended,
    "dispatch": mail_rows.dispatch_rate,
    "dispatch_after_outage": mail_rows.dispatch_after_outage,
    "lateness": mail_rows.lateness,
    "outbox_claim": mail_rows.outbox_claim,  # the last: it thins out what waits
}


def measured(names: list[str]) -> Iterator[Row]:
    """Every row, or those named."""
    house = sites.measured()
    for name, rows in ROWS.items():
        if not names or name in names:
            yield from rows(house)
