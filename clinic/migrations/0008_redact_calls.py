"""Erasure blanks the words of calls and nothing else of them; the web role can change neither."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION clinic_redact_calls(erased uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM clinic_patient WHERE id = erased AND erased_at IS NOT NULL) THEN
    RAISE EXCEPTION 'Only the calls of an erased patient are redacted.' USING ERRCODE = 'insufficient_privilege';
  END IF;
  UPDATE clinic_call SET note = '', spoke_with = '' WHERE patient_id = erased;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("clinic", "0007_keep_calls")]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION clinic_redact_calls(uuid)")]
