"""Reads of what every app shares. Other apps use the names that stand here."""

from clinic.selectors.patients import likely_duplicates, patient_detail
from clinic.selectors.search import search_patients
from clinic.selectors.sites import current_site, sites_of
from clinic.selectors.tasks import open_tasks

__all__ = ["current_site", "likely_duplicates", "open_tasks", "patient_detail", "search_patients", "sites_of"]
