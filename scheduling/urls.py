"""Addresses of the schedule. Keys are UUIDs; days are ISO dates."""

import datetime as dt

from django.urls import include, path, register_converter

from scheduling.views import (
    arrivals,
    away,
    board,
    booking,
    changes,
    day_close,
    displays,
    disruption,
    feeds,
    free_times,
    grid,
    grid_move,
    month,
    my_visit,
    offer_links,
    panes,
    paper,
    pencils,
    read_back,
    reports,
    strip,
    visits,
    waitlist,
)


class DayConverter:
    """2026-11-24 in an address."""

    regex = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> dt.date:
        day = dt.date.fromisoformat(value)  # ValueError: no such day, which Django answers with 404
        if not 2000 <= day.year <= 2200:
            raise ValueError(value)
        return day

    def to_url(self, value: dt.date | str) -> str:
        return value if isinstance(value, str) else value.isoformat()


class TokenConverter:
    """A derived secret in an address, as `clinic.tokens` writes it."""

    regex = r"[0-9a-f]{64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(DayConverter, "day")
register_converter(TokenConverter, "token")

app_name = "scheduling"

urlpatterns = [
    path("", grid.day, name="day"),
    path("<day:day>/", grid.day, name="day"),
    path("week/<uuid:resource_id>/<day:day>/", grid.week, name="week"),
    path("month/<day:day>/", month.month, name="month"),
    path("board/", board.board, name="board"),
    path("board/late/", board.late, name="board-late"),
    path("visits/<uuid:appointment_id>/slip/", arrivals.slip, name="appointment-slip"),
    path("visits/<uuid:appointment_id>/came-after-all/", arrivals.came_after_all, name="came-after-all"),
    path("close/", day_close.day_close, name="day-close"),
    path("close/<day:day>/", day_close.day_close, name="day-close"),
    path("out-of-order/", disruption.out_of_order, name="out-of-order"),
    path("to-move/", disruption.to_move, name="to-move"),
    path("to-move/changes/", disruption.changes, name="to-move-changes"),
    path("to-move/rebook/", disruption.rebook, name="rebook"),
    path("to-move/<uuid:time_off_id>/", disruption.to_move, name="to-move"),
    path("to-move/<uuid:time_off_id>/rebook/", disruption.rebook, name="rebook"),
    path("to-move/lines/<uuid:task_id>/", disruption.work, name="to-move-line"),
    path("to-move/visits/<uuid:appointment_id>/", disruption.offers, name="move-offers"),
    path("strip/", strip.strip, name="strip"),
    path("unconfirmed/", strip.unconfirmed, name="unconfirmed"),
    path("not-ready/", strip.not_ready, name="not-ready"),
    path("same-names/", strip.same_names, name="same-names"),
    path("visits/<uuid:appointment_id>/calls/", strip.visit_calls, name="visit-calls"),
    path("book/", booking.start, name="book"),
    path("book/find/", booking.find, name="book-find"),
    path("book/slots/", free_times.slots, name="slots"),
    path("book/pick/", free_times.pick, name="pick"),
    path("book/<uuid:patient_id>/", booking.book, name="book"),
    path("patients/<uuid:patient_id>/away/", away.patient_away, name="patient-away"),
    path("pencilled/", pencils.pencils, name="pencils"),
    path("pencilled/<uuid:hold_id>/book/", pencils.book, name="pencil-book"),
    path("pencilled/<uuid:hold_id>/release/", pencils.release, name="pencil-release"),
    path("visits/<uuid:appointment_id>/", visits.detail, name="appointment-detail"),
    path("visits/<uuid:appointment_id>/booked/", read_back.booked, name="booked"),
    path("visits/<uuid:appointment_id>/move/", visits.move, name="appointment-move"),
    path("visits/<uuid:appointment_id>/shift/", grid_move.move, name="grid-move"),
    path("visits/<uuid:appointment_id>/told-by-phone/", grid_move.told, name="grid-told"),
    path("visits/<uuid:appointment_id>/cancel/", visits.cancel, name="appointment-cancel"),
    path("visits/<uuid:appointment_id>/confirm/", visits.confirm, name="appointment-confirm"),
    path("visits/<uuid:appointment_id>/arrive/", visits.arrive, name="appointment-arrive"),
    path("visits/<uuid:appointment_id>/advance/", visits.advance, name="appointment-advance"),
    path("visits/<uuid:appointment_id>/undo/", visits.undo, name="appointment-undo"),
    path("visits/<uuid:appointment_id>/no-show/", changes.no_show, name="appointment-no-show"),
    path("visits/<uuid:appointment_id>/late/", changes.late, name="appointment-late"),
    path("visits/<uuid:appointment_id>/patient/", changes.patient, name="appointment-patient"),
    path("visits/<uuid:appointment_id>/patient/find/", changes.patient_find, name="appointment-patient-find"),
    path(
        "visits/<uuid:appointment_id>/patient/<uuid:patient_id>/",
        changes.patient_to,
        name="appointment-patient-to",
    ),
    path("visits/<uuid:appointment_id>/not-done/", visits.not_done, name="appointment-not-done"),
    path("changes/<uuid:change_id>/undo/", changes.undo_change, name="change-undo"),
    path("waitlist/", waitlist.index, name="waitlist"),
    path("waitlist/offers/", waitlist.open_offers, name="waitlist-offers"),
    path("waitlist/offers/<uuid:offer_id>/accept/", waitlist.accept, name="offer-accept"),
    path("waitlist/offers/<uuid:offer_id>/decline/", waitlist.decline, name="offer-decline"),
    path("waitlist/offers/<uuid:offer_id>/withdraw/", waitlist.withdraw_offer, name="offer-withdraw"),
    path("waitlist/freed/", waitlist.freed, name="freed"),
    path("waitlist/freed/<uuid:slot_id>/offer/", waitlist.make_offer, name="freed-offer"),
    path("waitlist/new/<uuid:patient_id>/", waitlist.new, name="wait-new"),
    path("waitlist/<uuid:entry_id>/", waitlist.edit, name="wait-edit"),
    path("waitlist/<uuid:entry_id>/withdraw/", waitlist.withdraw, name="wait-withdraw"),
    path("waitlist/<uuid:entry_id>/again/", waitlist.wait_again, name="wait-again"),
    path("mine/<str:link_token>/", my_visit.show, name="my-visit"),
    path("mine/<str:link_token>/confirm/", my_visit.confirm, name="my-visit-confirm"),
    path("mine/<str:link_token>/move/", my_visit.move, name="my-visit-move"),
    path("mine/<str:link_token>/cancel/", my_visit.cancel, name="my-visit-cancel"),
    path("mine/<str:link_token>/call/", my_visit.call, name="my-visit-call"),
    path("mine/<str:link_token>/calendar/", my_visit.calendar, name="my-visit-calendar"),
    path("offers/<token:token>/", offer_links.answer, name="offer"),
    path("reports/", reports.index, name="reports"),
    path("reports/file/", reports.export, name="report-export"),
    path("feeds/", feeds.index, name="feeds"),
    path("feeds/<uuid:resource_id>/renew/", feeds.renew, name="feed-renew"),
    path("feeds/<uuid:resource_id>/revoke/", feeds.revoke, name="feed-revoke"),
    path("feeds/<token:token>.ics", feeds.calendar, name="feed"),
    path("paper/day/<day:day>/", paper.day, name="paper-day"),
    path("paper/week/<uuid:resource_id>/<day:day>/", paper.week, name="paper-week"),
    path("paper/card/<uuid:patient_id>/", paper.card, name="paper-card"),
    path("paper/labels/<uuid:appointment_id>/", paper.labels, name="paper-labels"),
    path("panes/patient/<uuid:patient_id>/", panes.patient_pane, name="patient-pane"),
    path("panes/home/", panes.home_pane, name="home-pane"),
    path("set-up/displays/", displays.overview, name="setup-displays"),
    path("set-up/displays/<uuid:display_id>/revoke/", displays.revoke, name="setup-display-revoke"),
    path("display/<str:display_token>/", displays.wall, name="wall"),
    path("display/<str:display_token>/now/", displays.wall_now, name="wall-now"),
    path("display/<str:display_token>/seen/", displays.wall_seen, name="wall-seen"),
    path("set-up/", include("scheduling.page_urls")),
]
