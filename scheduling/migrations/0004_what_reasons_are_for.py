"""Reasons that exist are offered where they were offered before: for cancelling, and for a visit that was not done."""

from django.db import migrations

ALSO = {
    "patient_unwell": ["cancel", "move", "not_done"],
    "patient_cannot_come": ["cancel", "move"],
    "booked_by_mistake": ["cancel", "move"],
    "clinician_away": ["cancel", "move", "not_done"],
    "equipment_fault": ["cancel", "move", "not_done"],
}


def spread(apps, schema_editor):
    reasons = apps.get_model("scheduling", "ChangeReason").objects
    reasons.exclude(pk__in=ALSO).update(used_for=["cancel", "not_done"])
    for code, uses in ALSO.items():
        reasons.filter(pk=code).update(used_for=uses)


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0003_furnish_the_calendar")]

    operations = [migrations.RunPython(spread, migrations.RunPython.noop)]
