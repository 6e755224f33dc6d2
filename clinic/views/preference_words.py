"""The words of the pages on which somebody says what they want to be written to about, in the languages of our mails.

Plain on purpose: one idea a sentence, no treatment, no part of the body, no fear, and the phone number always there.
"""

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "What may we write to you about?",
        "hello": "Hello {name}",
        "always": "When an appointment is booked, moved or cancelled we always write.",
        "group_reminders": "Reminders before an appointment",
        "group_preparation": "How to prepare",
        "group_recovery": "How you are in the days after a visit",
        "group_questionnaires": "A few questions now and then",
        "group_reviews": "Invitations to a check-up",
        "channel": "How should we reach you?",
        "channel_email": "E-mail",
        "channel_phone": "Phone call",
        "channel_post": "Letter",
        "language": "Which language should we use?",
        "save": "Save",
        "saved": "Saved. Thank you.",
        "agree": "You have not agreed to such mails yet. Tick what you would like to get.",
        "no_agreement": "{name} has not agreed to such mails yet. Only {name} can do that.",
        "bad": "That could not be saved. Please choose again.",
        "stop_title": "Stop these mails?",
        "stop": "Then we do not write to this address any more about: {group}.",
        "stop_button": "Stop these mails",
        "stopped_title": "You get no more of these mails",
        "stopped": "We do not write to this address any more about: {group}.",
        "still": "When an appointment is booked, moved or cancelled we still write.",
        "again_button": "Send them again",
        "again_title": "You get these mails again",
        "again": "We write to you again about: {group}.",
        "closed_title": "There is nothing to stop",
        "closed": "We do not write such mails to this address.",
        "unknown_title": "This link does not work",
        "unknown": "Perhaps a part of it is missing. Open the link in the mail once more, or call us on the number in the mail.",
    },
    "es": {
        "title": "¿Sobre qué podemos escribirle?",
        "hello": "Hola {name}",
        "always": "Cuando reservamos, cambiamos o cancelamos una cita siempre le escribimos.",
        "group_reminders": "Recordatorios antes de una cita",
        "group_preparation": "Cómo prepararse",
        "group_recovery": "Cómo está en los días después de una visita",
        "group_questionnaires": "Unas preguntas de vez en cuando",
        "group_reviews": "Invitaciones a una revisión",
        "channel": "¿Cómo prefiere que le avisemos?",
        "channel_email": "Correo electrónico",
        "channel_phone": "Llamada",
        "channel_post": "Carta",
        "language": "¿En qué idioma?",
        "save": "Guardar",
        "saved": "Guardado. Gracias.",
        "agree": "Todavía no ha aceptado estos correos. Marque lo que quiera recibir.",
        "no_agreement": "{name} todavía no ha aceptado estos correos. Solo {name} puede hacerlo.",
        "bad": "No se ha podido guardar. Elija otra vez, por favor.",
        "stop_title": "¿Dejar de recibir estos correos?",
        "stop": "Ya no escribiremos a esta dirección sobre: {group}.",
        "stop_button": "Dejar de recibirlos",
        "stopped_title": "Ya no recibirá estos correos",
        "stopped": "Ya no escribimos a esta dirección sobre: {group}.",
        "still": "Cuando reservamos, cambiamos o cancelamos una cita le seguimos escribiendo.",
        "again_button": "Volver a recibirlos",
        "again_title": "Vuelve a recibir estos correos",
        "again": "Le escribimos otra vez sobre: {group}.",
        "closed_title": "No hay nada que cancelar",
        "closed": "No enviamos estos correos a esta dirección.",
        "unknown_title": "Este enlace no funciona",
        "unknown": "Quizá falte una parte. Abra otra vez el enlace del correo o llámenos al número del correo.",
    },
}
LANGUAGE_NAMES = {"en": "English", "es": "Español"}
"""Each in its own words: who reads the wrong one finds theirs."""


def of(language: str) -> Mapping[str, str]:
    """The words in the patient's language; in English where we have none."""
    return WORDS.get(language, WORDS["en"])
