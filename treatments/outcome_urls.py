"""Addresses of what patients are asked and what clinicians find, under "treatments/"."""

from django.urls import path

from treatments.views import answers, asked, check_in, instruments, outcomes, recovery

urlpatterns = [
    path("courses/<uuid:course_id>/outcomes/", asked.overview, name="outcomes"),
    path("courses/<uuid:course_id>/outcomes/ask/", asked.ask_now, name="outcomes-ask"),
    path("courses/<uuid:course_id>/outcomes/tablet/", asked.tablet, name="outcomes-tablet"),
    path("courses/<uuid:course_id>/findings/new/", outcomes.observation_new, name="observation-new"),
    path("answers/<str:link_token>/", answers.answers, name="answers"),
    path("answers/<str:link_token>/check/", answers.check, name="answers-check"),
    path("answers/<str:link_token>/<int:step>/", answers.step, name="answers-step"),
    path("answers/<str:link_token>/<int:step>/keep/", answers.save, name="answers-save"),
    path("days/<str:link_token>/", check_in.check_in, name="check-in"),
    path("days/<str:link_token>/<uuid:client_key>/", check_in.check_in_done, name="check-in-done"),
    path("sessions/<uuid:session_id>/check-ins/new/", recovery.check_in_new, name="recovery-new"),
    path("recovery/<uuid:task_id>/", recovery.recovery_task, name="recovery-task"),
    path("instruments/", instruments.index, name="instruments"),
    path("instruments/new/", instruments.new, name="instrument-new"),
    path("instruments/<uuid:definition_id>/", instruments.edit, name="instrument-edit"),
]
