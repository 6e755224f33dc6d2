"""Signals that go up: lower apps tell, higher apps follow. None of them can veto."""

from django.dispatch import Signal

site_created = Signal()
"""Sent inside the transaction that adds a site; each app gives it what a new site starts with. Args: site_id, by."""

patient_erasing = Signal()
"""Sent inside the transaction that anonymises a patient; each app anonymises its own rows. Args: patient_id, by."""
