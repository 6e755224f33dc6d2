"""The notes that earlier states of a visit or a waitlist entry carried are taken out for erased patients only."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION scheduling_redact_history(erased uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM clinic_patient WHERE id = erased AND erased_at IS NOT NULL) THEN
    RAISE EXCEPTION 'Only the history of an erased patient is redacted.' USING ERRCODE = 'insufficient_privilege';
  END IF;
  UPDATE scheduling_appointmentevent SET note = '', override_reason = '' WHERE patient_id = erased;
  UPDATE scheduling_waitlistentryevent SET note = '' WHERE patient_id = erased;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0005_keep_changes"), ("clinic", "0008_redact_calls")]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION scheduling_redact_history(uuid)")]
