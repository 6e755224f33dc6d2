"""The words of the pages before a link's door, in the languages in which mails are written.

Plain on purpose: one idea a sentence, no treatment, no part of the body, no fear, and the phone number always there.
"""

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "call": "Call us",
        "birth_title": "Please tell us your date of birth",
        "birth_why": "This keeps your page private. We ask once, then you can go on.",
        "birth_for": "Please give the date of birth of {name}.",
        "day": "Day",
        "month": "Month",
        "year": "Year",
        "choose": "Choose",
        "go": "Continue",
        "wrong": "That is not the date we have. Please check day, month and year.",
        "not_a_day": "Please fill in day, month and year, for example 7, March, 1961.",
        "locked_title": "This page is locked",
        "locked": "The date of birth did not match five times. To keep your page safe we have locked it.",
        "locked_next": "Please call us. We open it again with you in a minute.",
        "expired_title": "This link has ended",
        "expired": "A link in a mail works for a while only. This one has ended.",
        "expired_next": "If we wrote to you again, use the newest mail. You can also call us.",
        "revoked_title": "This link is no longer needed",
        "revoked": "What it was for is done or has changed.",
        "revoked_next": "There is nothing you have to do. If you are not sure, call us.",
        "unknown_title": "This link does not work",
        "unknown": "Perhaps a part of it is missing. Open the link in the mail once more.",
        "unknown_next": "If it still does not work, call us on the number in the mail.",
        "slow_title": "Please wait a minute",
        "slow": "There were too many attempts from here. Please wait a minute and try again, or call us.",
    },
    "es": {
        "call": "Llámenos",
        "birth_title": "Díganos su fecha de nacimiento",
        "birth_why": "Así su página es solo para usted. Lo preguntamos una vez y luego puede seguir.",
        "birth_for": "Indique la fecha de nacimiento de {name}.",
        "day": "Día",
        "month": "Mes",
        "year": "Año",
        "choose": "Elija",
        "go": "Seguir",
        "wrong": "No es la fecha que tenemos. Compruebe el día, el mes y el año.",
        "not_a_day": "Rellene día, mes y año, por ejemplo 7, marzo, 1961.",
        "locked_title": "Esta página está bloqueada",
        "locked": "La fecha de nacimiento no coincidió cinco veces. La hemos bloqueado para proteger su página.",
        "locked_next": "Llámenos, por favor. La abrimos otra vez con usted en un minuto.",
        "expired_title": "Este enlace ha caducado",
        "expired": "El enlace de un correo solo sirve por un tiempo. Este ya ha terminado.",
        "expired_next": "Si le hemos escrito otra vez, use el correo más nuevo. También puede llamarnos.",
        "revoked_title": "Este enlace ya no hace falta",
        "revoked": "Aquello para lo que servía está hecho o ha cambiado.",
        "revoked_next": "No tiene que hacer nada. Si tiene dudas, llámenos.",
        "unknown_title": "Este enlace no funciona",
        "unknown": "Quizá falte una parte. Abra otra vez el enlace del correo.",
        "unknown_next": "Si sigue sin funcionar, llámenos al número del correo.",
        "slow_title": "Espere un minuto",
        "slow": "Ha habido demasiados intentos desde aquí. Espere un minuto y pruebe otra vez, o llámenos.",
    },
}


def of(language: str) -> Mapping[str, str]:
    """The words in the patient's language; in English where we have none."""
    return WORDS.get(language, WORDS["en"])
