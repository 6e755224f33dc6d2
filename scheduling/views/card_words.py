"""The words of the appointment card in the patient's language. Neutral: when, where, what to bring."""

from collections.abc import Mapping

_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Your appointments",
        "none": "No appointment is booked at the moment.",
        "kept": "kept for you; we confirm it",
        "bring": "Before you come",
        "phone": "Phone",
        "call": "The time is when to come. Cannot come? Please call: somebody else is waiting for the time.",
        "as_of": "As of",
    },
    "es": {
        "title": "Sus citas",
        "none": "En este momento no tiene ninguna cita.",
        "kept": "reservada para usted; se la confirmaremos",
        "bring": "Antes de venir",
        "phone": "Teléfono",
        "call": "La hora es la de llegada. ¿No puede venir? Llámenos, por favor: otra persona espera esa hora.",
        "as_of": "A fecha de",
    },
}


def of(language: str) -> Mapping[str, str]:
    """Those of the language, else the English ones."""
    return _WORDS.get(language.partition("-")[0], _WORDS["en"])
