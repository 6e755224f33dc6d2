"""The words of the page on which a patient answers an offer, in the languages in which mails are written.

Plain on purpose: one idea a sentence, no treatment, no part of the body, no fear, and the phone number always there.
"""

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "A free time for you",
        "hello": "Hello {name}",
        "free": "This time has become free:",
        "keep": "We keep it for you until {until}.",
        "instead": "If you say yes, this takes the place of your appointment on {day} at {time}.",
        "yes": "Yes, I take it",
        "no": "No, thank you",
        "leave": "No, and please take me off the list",
        "wait_on": "If you say no, you keep your place on our list.",
        "accepted_title": "You have this time",
        "accepted": "It is booked for you. We look forward to seeing you.",
        "accepted_mail": "A mail with the day and time is on its way.",
        "declined_title": "Thank you for telling us",
        "declined": "Somebody else can have this time now. You stay on our list, and we write when another time becomes free.",
        "left": "Somebody else can have this time now. You are not on our list any more. Call us when you would like an appointment.",
        "gone_title": "This time is no longer free",
        "gone": "The offer has ended. That happens: we can keep a time for a short while only.",
        "gone_next": "You are still on our list. We write again when another time becomes free. You can also call us.",
        "gone_call": "Call us, and we find another time with you.",
        "failed_title": "That did not work",
        "failed": "We could not book this time for you over the internet. Please call us: we help you at once.",
        "unknown_title": "This link does not work",
        "unknown": "Perhaps a part of it is missing. Open the link in the mail once more, or call us.",
        "call": "Call us",
        "questions": "Questions? Call us:",
        "zone": "All times are the clinic’s own ({city} time).",
        "until": "{day}, {time}",
        "time": "{time}",
    },
    "es": {
        "title": "Una hora libre para usted",
        "hello": "Hola {name}",
        "free": "Ha quedado libre esta hora:",
        "keep": "Se la guardamos hasta {until}.",
        "instead": "Si dice que sí, sustituye a su cita del {day} a las {time}.",
        "yes": "Sí, la quiero",
        "no": "No, gracias",
        "leave": "No, y bórrenme de la lista",
        "wait_on": "Si dice que no, conserva su lugar en nuestra lista.",
        "accepted_title": "La hora es suya",
        "accepted": "Está reservada para usted. Le esperamos.",
        "accepted_mail": "Le enviamos un correo con el día y la hora.",
        "declined_title": "Gracias por avisarnos",
        "declined": "Otra persona puede usar ahora esta hora. Usted sigue en nuestra lista y le escribiremos cuando quede libre otra.",
        "left": "Otra persona puede usar ahora esta hora. Ya no está en nuestra lista. Llámenos cuando quiera una cita.",
        "gone_title": "Esta hora ya no está libre",
        "gone": "La oferta ha terminado. A veces pasa: solo podemos guardar una hora por poco tiempo.",
        "gone_next": "Usted sigue en nuestra lista. Le escribiremos cuando quede libre otra hora. También puede llamarnos.",
        "gone_call": "Llámenos y buscaremos otra hora con usted.",
        "failed_title": "No ha funcionado",
        "failed": "No hemos podido reservar esta hora por internet. Llámenos, por favor: le ayudamos enseguida.",
        "unknown_title": "Este enlace no funciona",
        "unknown": "Quizá falte una parte. Abra otra vez el enlace del correo o llámenos.",
        "call": "Llámenos",
        "questions": "¿Preguntas? Llámenos:",
        "zone": "Todas las horas son las de la clínica (hora de {city}).",
        "until": "el {day} a las {time}",
        "time": "{time}",
    },
}


def of(language: str) -> Mapping[str, str]:
    """The words in the patient's language; in English where we have none."""
    return WORDS.get(language, WORDS["en"])
