"""Addresses of the set-up pages, below set-up/. Lists of codes go by their code, everything else by its UUID."""

from django.urls import path

from scheduling.views import absences, closures, extra_hours, holidays, hours, lists, resources, visit_types

urlpatterns = [
    path("", resources.index, name="setup"),
    path("resources/new/", resources.new, name="setup-resource-new"),
    path("resources/<uuid:resource_id>/", resources.edit, name="setup-resource"),
    path("resources/<uuid:resource_id>/retire/", resources.retire, name="setup-resource-retire"),
    path("resources/<uuid:resource_id>/restore/", resources.restore, name="setup-resource-restore"),
    path("resources/<uuid:resource_id>/place/", resources.move, name="setup-resource-move"),
    path("kinds/new/", lists.kind_new, name="setup-kind-new"),
    path("kinds/<slug:kind_code>/", lists.kind_edit, name="setup-kind"),
    path("qualifications/", lists.qualified, name="setup-qualifications"),
    path("reasons/", lists.reasons, name="setup-reasons"),
    path("reasons/new/", lists.reason_new, name="setup-reason-new"),
    path("reasons/<slug:reason_code>/", lists.reason_edit, name="setup-reason"),
    path("reasons/<slug:reason_code>/place/", lists.reason_move, name="setup-reason-move"),
    path("hours/", hours.site_hours, name="setup-hours"),
    path("hours/clinician/<uuid:resource_id>/", hours.clinician_hours, name="setup-clinician-hours"),
    path("hours/<uuid:hours_id>/end/", hours.hours_end, name="setup-hours-end"),
    path("hours/copy/", hours.site_copy, name="setup-hours-copy"),
    path(
        "hours/clinician/<uuid:resource_id>/copy/",
        hours.clinician_copy,
        name="setup-clinician-hours-copy",
    ),
    path("extra-hours/", extra_hours.index, name="setup-extra-hours"),
    path("extra-hours/<uuid:extra_id>/end/", extra_hours.end, name="setup-extra-hours-end"),
    path("holidays/", holidays.index, name="setup-holidays"),
    path("holidays/year/", holidays.close_year, name="setup-holidays-year"),
    path("holidays/<day:day>/", holidays.decide, name="setup-holiday"),
    path("closures/", closures.closures, name="setup-closures"),
    path("closures/<uuid:closure_id>/remove/", closures.closure_remove, name="setup-closure-remove"),
    path("time-off/", absences.time_off, name="setup-time-off"),
    path("time-off/<uuid:time_off_id>/end/", absences.time_off_end, name="setup-time-off-end"),
    path("visit-types/", visit_types.index, name="setup-visit-types"),
    path("visit-types/new/", visit_types.new, name="setup-visit-type-new"),
    path("visit-types/<uuid:visit_type_id>/", visit_types.edit, name="setup-visit-type"),
]
