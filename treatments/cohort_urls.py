"""Addresses of the reports over many courses, under "treatments/cohorts/"."""

from django.urls import path

from treatments.views import cohorts

urlpatterns = [
    path("", cohorts.index, name="cohorts"),
    path("file/", cohorts.export, name="cohort-export"),
]
