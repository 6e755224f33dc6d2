"""Addresses of the reports over many courses, under "treatments/cohorts/"."""

from django.urls import path

from treatments.views import cohorts, registry

urlpatterns = [
    path("", cohorts.index, name="cohorts"),
    path("file/", cohorts.export, name="cohort-export"),
    path("registry/", registry.index, name="registry"),
    path("registry/dictionary/", registry.dictionary, name="registry-dictionary"),
    path("registry/dictionary/file/", registry.dictionary_file, name="registry-dictionary-file"),
]
