"""The words of the pages on which patients answer, in the languages in which mails are written.

Plain on purpose: one idea a sentence, no treatment, no promise, and the phone number always there.
"""

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "A few questions for you",
        "hello": "Hello {name}",
        "what": "{count} short screens. It takes about {minutes} minutes.",
        "saved": "What you tap is kept at once. You can stop and go on later.",
        "begin": "Begin",
        "go_on": "Go on",
        "next": "Next",
        "back": "Back",
        "of": "{number} of {count}",
        "kept": "Kept",
        "ticked": "Tick what is true. Leave the others empty.",
        "number": "Your number, {low} to {high}",
        "check_title": "Something is still open",
        "check": "You left out:",
        "check_next": "Please answer these, or send the others as they are.",
        "answer": "Answer",
        "send": "Send as it is",
        "done_title": "Thank you",
        "done": "Your answers are with us. You can close this page.",
        "done_worse": "Nobody reads this page at once. If you feel unwell, call us on {phone}. In an emergency call {emergency}.",
        "nothing_title": "Nothing to answer",
        "nothing": "There is nothing that we ask you today. You can close this page.",
        "hand_back": "Please give this device back to us.",
        "staff": "For staff",
        "bad": "Please choose an answer from {low} to {high}.",
    },
    "es": {
        "title": "Unas preguntas para usted",
        "hello": "Hola {name}",
        "what": "{count} pantallas cortas. Se tarda unos {minutes} minutos.",
        "saved": "Lo que toca se guarda enseguida. Puede parar y seguir más tarde.",
        "begin": "Empezar",
        "go_on": "Seguir",
        "next": "Siguiente",
        "back": "Atrás",
        "of": "{number} de {count}",
        "kept": "Guardado",
        "ticked": "Marque lo que sea cierto. Deje lo demás vacío.",
        "number": "Su número, de {low} a {high}",
        "check_title": "Todavía falta algo",
        "check": "No ha respondido a:",
        "check_next": "Responda, por favor, o envíe lo demás como está.",
        "answer": "Responder",
        "send": "Enviar como está",
        "done_title": "Gracias",
        "done": "Ya tenemos sus respuestas. Puede cerrar esta página.",
        "done_worse": "Nadie lee esta página en el momento. Si se siente mal, llámenos al {phone}. En una emergencia, llame al {emergency}.",
        "nothing_title": "Nada que responder",
        "nothing": "Hoy no le preguntamos nada. Puede cerrar esta página.",
        "hand_back": "Devuélvanos este aparato, por favor.",
        "staff": "Para el personal",
        "bad": "Elija, por favor, una respuesta de {low} a {high}.",
    },
}


def of(language: str) -> Mapping[str, str]:
    """The words in the patient's language; in English where we have none."""
    return WORDS.get(language, WORDS["en"])
