"""Every part of a page with invented data, to look at. Served in development only."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from clinic import clock
from clinic.forms import ClinicForm, DateField, Row, Section, TimeField
from clinic.permissions import public
from clinic.templatetags.ui import SHAPES


class SampleForm(ClinicForm):
    submit_label = "Book"
    cancel_url = "#"

    given_name = forms.CharField(label="Given name")
    family_name = forms.CharField(label="Family name")
    email = forms.EmailField(
        label="E-mail", required=False, help_text="Leave empty when calls are preferred."
    )
    day = DateField(label="Day")
    time = TimeField(label="Time")
    kind = forms.ChoiceField(label="Visit", choices=[("c", "Consultation"), ("s", "PRP session")])
    reach = forms.ChoiceField(
        label="How to reach them", choices=[("m", "E-mail"), ("p", "Phone call")], widget=forms.RadioSelect
    )
    note = forms.CharField(
        label="Note for the desk", required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    agreed = forms.BooleanField(label="Agrees to reminders by e-mail")

    def layout(self) -> Layout:
        return Layout(
            Row("given_name", "family_name"),
            "email",
            Section("The visit", Row("day", "time"), "kind", "reach"),
            "note",
            "agreed",
        )


@public
def styleguide(request: HttpRequest) -> HttpResponse:
    """`?patient` shows it as patients see it, `?toast` with notes in the corner."""
    if not settings.DEBUG:
        raise Http404
    if "toast" in request.GET:
        messages.success(request, "Moved to Tue 24 Nov, 10:30. The patient gets one mail.")
        messages.warning(request, "Centrifuge 2 is out of use from 14:00.")
    return render(request, "_styleguide.html", sample(request))


def sample(request: HttpRequest) -> dict[str, Any]:
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    people = [
        _person("Margarete", "Ostrowski-Feldhusen", dt.date(1961, 3, 14), "P-004182"),
        _person("Tom", "Ek", dt.date(1988, 11, 2), "P-004190"),
        _person("Amparo", "de la Fuente Villanueva", dt.date(1954, 7, 30), "P-003977"),
        _person("Jonas", "Weidlich", dt.date(1979, 1, 9), "P-004201"),
    ]
    states = ("in_progress", "confirmed", "booked", "no_show")
    visits = [
        {
            "patient": person,
            "state": state,
            "at": now + dt.timedelta(minutes=45 * at),
            "kind": kind,
            "who": who,
        }
        for at, (person, state, kind, who) in enumerate(
            zip(
                people,
                states,
                ("PRP session 2", "Consultation", "PRP session 1", "Review"),
                ("Dr. Ines Moreno", "Dr. Kofi Adu", "Dr. Ines Moreno", "Dr. Kofi Adu"),
                strict=True,
            )
        )
    ]
    bound = SampleForm({"given_name": "Tom", "email": "tom@", "kind": "s"})
    return {
        "people": people,
        "visits": visits,
        "groups": [
            (
                "Visits",
                [
                    "provisional",
                    "booked",
                    "confirmed",
                    "arrived",
                    "in_progress",
                    "completed",
                    "cancelled",
                    "no_show",
                    "not_done",
                ],
            ),
            (
                "Courses",
                [
                    "draft",
                    "screening",
                    "approved",
                    "active",
                    "review_due",
                    "follow_up",
                    "on_hold",
                    "completed",
                    "discontinued",
                ],
            ),
            ("Sessions", ["planned", "cleared", "injected", "signed", "stopped", "dropped"]),
            (
                "Messages",
                [
                    "pending",
                    "sending",
                    "sent",
                    "delivered",
                    "bounced",
                    "missed",
                    "suppressed",
                    "failed",
                    "uncertain",
                ],
            ),
        ],
        "known": len(SHAPES),
        "stats": [
            {"label": "visits today", "value": 23, "url": "#visits"},
            {"label": "here now", "value": 4, "url": "#visits"},
            {"label": "in the centrifuge", "value": 2},
            {"label": "waiting over 15 min", "value": 1, "tone": "attention", "url": "#visits"},
            {"label": "mails returned", "value": 1, "tone": "harm", "url": "#visits"},
        ],
        "facts": [
            ("Phone", "+34 600 114 220"),
            ("E-mail", "amparo@example.org"),
            ("Booked by", "Lucía de la Fuente (daughter)"),
            ("Targets", "L4/5 and L5/S1 facet joints, both sides"),
        ],
        "stages": [
            {"label": "Check-in", "state": "done", "at": now},
            {"label": "Draw", "state": "done", "at": now + dt.timedelta(minutes=11)},
            {"label": "Separation", "state": "current", "note": "8 min left"},
            {"label": "Injection", "state": "todo"},
            {"label": "Recovery", "state": "todo"},
        ],
        "days": [
            {
                "day": now.date() + dt.timedelta(days=2),
                "slots": [
                    {"value": f"a{at}", "label": f"{9 + at // 2:02}:{30 * (at % 2):02}"} for at in range(9)
                ],
            },
            {
                "day": now.date() + dt.timedelta(days=3),
                "slots": [],
                "why_none": "Centrifuge 1 and 2 are in use all day.",
            },
            {
                "day": now.date() + dt.timedelta(days=9),
                "note": "outside the planned interval",
                "slots": [
                    {"value": "w", "label": "10:15", "note": "late", "warned": True},
                    {"value": "u", "label": "11:00", "url": "#"},
                ],
            },
        ],
        "tabs": [
            {"label": "Course", "url": "#", "current": True},
            {"label": "Visits", "url": "#", "count": 6},
            {"label": "Messages", "url": "#", "count": 11},
            {"label": "History", "url": "#"},
        ],
        "page": Paginator(range(214), 40).page(2),
        "form": SampleForm(),
        "bound": bound if "errors" in request.GET else None,
        "now": now,
        "scale": range(11),
        "phone": "+49 30 5550 100" if "patient" in request.GET else "",
    }


def _person(given: str, family: str, birth_date: dt.date, number: str) -> SimpleNamespace:
    return SimpleNamespace(full_name=f"{given} {family}", birth_date=birth_date, record_number=number)
