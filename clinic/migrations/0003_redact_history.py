"""The web role may not change history. This function, which runs as the owner, may: for erased patients only."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION clinic_redact_history(erased uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM clinic_patient WHERE id = erased AND erased_at IS NOT NULL) THEN
    RAISE EXCEPTION 'Only the history of an erased patient is redacted.' USING ERRCODE = 'insufficient_privilege';
  END IF;
  UPDATE clinic_patientevent now SET given_name = p.given_name, family_name = p.family_name,
    birth_date = p.birth_date, sex = p.sex, email = '', notes = '', household_id = NULL
    FROM clinic_patient p WHERE now.pgh_obj_id = erased AND p.id = erased;
  DELETE FROM clinic_patientphoneevent WHERE patient_id = erased;
  UPDATE clinic_contactevent now SET name = c.name, relationship = '', phone = '', email = ''
    FROM clinic_contact c WHERE now.pgh_obj_id = c.id AND c.patient_id = erased;
  UPDATE clinic_taskevent now SET title = t.title, outcome = ''
    FROM clinic_task t WHERE now.pgh_obj_id = t.id AND t.patient_id = erased;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("clinic", "0002_message_withdrawn")]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION clinic_redact_history(uuid)")]
