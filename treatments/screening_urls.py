"""Addresses of screening, medicines and consents, under "treatments/"."""

from django.urls import path

from treatments.views import consents, medicines, ready

urlpatterns = [
    path("preparation/", ready.readiness_list, name="readiness-list"),
    path("sessions/<uuid:session_id>/ready/", ready.session_ready, name="session-ready"),
    path("sessions/<uuid:session_id>/ruling/", ready.session_ruling, name="session-ruling"),
    path("courses/<uuid:course_id>/ready/", ready.course_ready, name="course-ready"),
    path("courses/<uuid:course_id>/medicines/", medicines.course_medicines, name="course-medicines"),
    path("courses/<uuid:course_id>/medicines/asked/", medicines.medicines_checked, name="medicines-asked"),
    path(
        "courses/<uuid:course_id>/medicines/<uuid:medicine_id>/",
        medicines.medicine_edit,
        name="medicine-edit",
    ),
    path(
        "courses/<uuid:course_id>/medicines/<uuid:medicine_id>/end/",
        medicines.medicine_end,
        name="medicine-end",
    ),
    path(
        "courses/<uuid:course_id>/medicines/<uuid:medicine_id>/decision/",
        medicines.medicine_decision,
        name="medicine-decision",
    ),
    path("courses/<uuid:course_id>/consent/", consents.consent_give, name="consent-give"),
    path("consents/<uuid:consent_id>/", consents.consent, name="consent"),
    path("consents/<uuid:consent_id>/withdraw/", consents.consent_withdraw, name="consent-withdraw"),
    path("consents/<uuid:consent_id>/page/", consents.consent_page, name="consent-page"),
    path("consent-text/", consents.consent_text, name="consent-text"),
]
