"""One signal by which higher apps follow a visit. It never vetoes: to refuse, register a start rule."""

from django.dispatch import Signal

appointment_changed = Signal()
"""Sent inside the transaction, after the write. Args: appointment, change, by.

`change` is one of: booked, released, moved, cancelled, confirmed, no_show, arrived, stage, completed, not_done, late,
patient, undone.
"""
