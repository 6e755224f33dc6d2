"""Signals that go up: lower apps tell, higher apps follow. None of them can veto."""

from django.dispatch import Signal

patient_erasing = Signal()
"""Sent inside the transaction that anonymises a patient; each app anonymises its own rows. Args: patient_id, by."""
