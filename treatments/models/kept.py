"""What keeps the rows of a signed record: triggers that refuse any change to them."""

from typing import Final

import pgtrigger

SIGNED: Final = "A signed record is not changed: corrections are amendments."


def of_session() -> list[pgtrigger.Trigger]:
    """For rows with a `session_id`: refused as a check violation that can be mapped by name."""
    return [_refuse("NEW.session_id", "OLD.session_id")]


def rewriting_of_session() -> pgtrigger.Trigger:
    """For rows that may be added to a signed record, and then never changed or taken away."""
    return pgtrigger.Trigger(
        name="signed_record_is_kept",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            IF EXISTS (SELECT FROM treatments_session s WHERE s.id = OLD.session_id AND s.status = 'signed') THEN
                RAISE EXCEPTION '{SIGNED}' USING ERRCODE = 'check_violation', CONSTRAINT = 'signed_record_is_kept';
            END IF;
            RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
        """,
    )


def of_preparation() -> list[pgtrigger.Trigger]:
    """For rows that hang on a preparation."""
    by_preparation = "(SELECT p.session_id FROM treatments_preparation p WHERE p.id = {}.preparation_id)"
    return [_refuse(by_preparation.format("NEW"), by_preparation.format("OLD"))]


def _refuse(new: str, old: str) -> pgtrigger.Trigger:
    """The session of the row as it was and as it is to be: a row cannot be moved out of a signed record either."""
    return pgtrigger.Trigger(
        name="signed_record_is_kept",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            IF TG_OP <> 'INSERT' AND EXISTS (SELECT FROM treatments_session s WHERE s.id = {old} AND s.status = 'signed')
            THEN
                RAISE EXCEPTION '{SIGNED}' USING ERRCODE = 'check_violation', CONSTRAINT = 'signed_record_is_kept';
            END IF;
            IF TG_OP <> 'DELETE' AND EXISTS (SELECT FROM treatments_session s WHERE s.id = {new} AND s.status = 'signed')
            THEN
                RAISE EXCEPTION '{SIGNED}' USING ERRCODE = 'check_violation', CONSTRAINT = 'signed_record_is_kept';
            END IF;
            RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
        """,  # noqa: S608 - constants of this module
    )
