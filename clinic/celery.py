"""The Celery app. It holds no schedule in the broker: beat ticks, what is due is a row in PostgreSQL."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")

app = Celery("clinic")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "dispatch due messages": {
        "task": "clinic.dispatch_messages",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "reconcile messages": {"task": "clinic.reconcile_messages", "schedule": 60.0, "options": {"expires": 60}},
    "tidy expired holds": {"task": "scheduling.tidy_holds", "schedule": 300.0, "options": {"expires": 300}},
    "offer freed slots": {
        "task": "scheduling.offer_freed_slots",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "ask the questions that are due": {
        "task": "treatments.ask_due_questions",
        "schedule": 1800.0,
        "options": {"expires": 1800},
    },
    "ask for visits without a date": {
        "task": "treatments.invite_to_book",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "escalate red flags": {
        "task": "treatments.escalate_red_flags",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "follow the recovery weeks": {
        "task": "treatments.follow_recovery",
        "schedule": 900.0,
        "options": {"expires": 900},
    },
    "open gates that are due": {
        "task": "treatments.open_due_reviews",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
}
