"""Addresses of the treatments, under "treatments/"."""

from django.urls import include, path

from treatments.views import (
    courses,
    equipment,
    events,
    letters,
    orders,
    outcomes,
    panes,
    planning,
    record,
    reviews,
    sessions,
    signing,
)

app_name = "treatments"

urlpatterns = [
    path("", include("treatments.outcome_urls")),
    path("orders/", orders.order_list, name="order-list"),
    path("orders/new/<uuid:patient_id>/", orders.order_new, name="order-new"),
    path("orders/<uuid:order_id>/book/", planning.order_book, name="order-book"),
    path("orders/<uuid:order_id>/away/", planning.order_away, name="order-away"),
    path("orders/<uuid:order_id>/booked/", planning.order_booked, name="order-booked"),
    path("visits/<uuid:appointment_id>/shift/", planning.visit_shift, name="visit-shift"),
    path("courses/<uuid:course_id>/", courses.course_detail, name="course-detail"),
    path("courses/<uuid:course_id>/screening/", orders.screening, name="course-screening"),
    path("courses/<uuid:course_id>/hold/", courses.course_move, {"act": "hold"}, name="course-hold"),
    path("courses/<uuid:course_id>/resume/", courses.course_move, {"act": "resume"}, name="course-resume"),
    path("courses/<uuid:course_id>/end/", courses.course_move, {"act": "end"}, name="course-end"),
    path("courses/<uuid:course_id>/close/", courses.course_move, {"act": "close"}, name="course-close"),
    path("courses/<uuid:course_id>/renew/", courses.course_move, {"act": "renew"}, name="course-renew"),
    path("courses/<uuid:course_id>/review/", reviews.review_decide, name="review-decide"),
    path("courses/<uuid:course_id>/answers/new/", outcomes.response_new, name="response-new"),
    path("courses/<uuid:course_id>/events/new/", events.event_new, name="event-new"),
    path("courses/<uuid:course_id>/events/<uuid:event_id>/", events.event_detail, name="event-detail"),
    path("courses/<uuid:course_id>/events/<uuid:event_id>/judge/", events.event_assess, name="event-assess"),
    path("courses/<uuid:course_id>/events/<uuid:event_id>/over/", events.event_resolve, name="event-resolve"),
    path("sessions/<uuid:session_id>/", sessions.session_detail, name="session-detail"),
    path("sessions/<uuid:session_id>/clear/", sessions.session_clear, name="session-clear"),
    path("sessions/<uuid:session_id>/sign/", sessions.session_sign, name="session-sign"),
    path("sessions/<uuid:session_id>/stop/", sessions.session_stop, name="session-stop"),
    path("sessions/to-sign/", signing.sign_list, name="sign-list"),
    path("sessions/<uuid:session_id>/co-sign/", signing.session_cosign, name="session-cosign"),
    path("sessions/<uuid:session_id>/amend/", sessions.session_amend, name="session-amend"),
    path("reviews/", reviews.review_list, name="review-list"),
    path("patients/<uuid:patient_id>/courses/", panes.patient_pane, name="patient-pane"),
    path("home/", panes.home_pane, name="home-pane"),
    path("protocols/", include("treatments.protocol_urls")),
    path("", include("treatments.screening_urls")),
    path("cohorts/", include("treatments.cohort_urls")),
    # Letters
    path("courses/<uuid:course_id>/letter/", letters.course_summary, name="course-letter"),
    path("sessions/<uuid:session_id>/letter/", letters.visit_summary, name="session-letter"),
    # The record of a session
    path("sessions/<uuid:session_id>/record/<str:record_part>/", record.section_save, name="session-section"),
    path("sessions/<uuid:session_id>/now/", record.record_now, name="session-now"),
    path("sessions/<uuid:session_id>/as-planned/", record.record_write_up, name="session-write-up"),
    path("sessions/<uuid:session_id>/identity/", record.identity_check, name="session-identity"),
    path("kits/", equipment.kit_list, name="kit-list"),
    path("kits/new/", equipment.kit_new, name="kit-new"),
    path("kits/<uuid:kit_id>/", equipment.kit_edit, name="kit"),
    path("centrifuges/<uuid:device_id>/", equipment.centrifuge_edit, name="centrifuge"),
]
