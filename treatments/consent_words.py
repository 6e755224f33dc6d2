"""The consent texts that a new site starts with: plain words, no promise, to be read and rewritten by its physician."""

from typing import Final

_EN: Final = """What is done
Some of your blood is taken from your arm. A machine separates the part that is rich in platelets. The physician injects it at your back, at the places that we have shown you. It is your own blood; nothing foreign is added except what keeps it from clotting and what numbs the skin.

What we know and do not know
How much this helps differs from person to person, and it may not help at all. The evidence for the back is still limited. We do not promise an effect. You can ask us what is known for your case.

What can happen
Soreness for some days is common. Bruising, dizziness and a short increase in pain can happen. Infection, bleeding and injury of a nerve are rare and can be serious. We tell you which signs to watch for, and whom to call at any hour.

What else is possible
You have been told about other treatments, and that you may choose no treatment.

Your choice
You have had time to ask, and your questions were answered. You may change your mind at any time, also during a session; nothing bad follows from that for your care."""

_ES: Final = """Qué se hace
Se le extrae un poco de sangre del brazo. Una máquina separa la parte rica en plaquetas. El médico la inyecta en la espalda, en los lugares que le hemos mostrado. Es su propia sangre; no se añade nada más que lo que evita que se coagule y lo que adormece la piel.

Qué se sabe y qué no
Cuánto ayuda varía de una persona a otra, y puede que no ayude. Las pruebas para la espalda son todavía limitadas. No prometemos un efecto. Puede preguntarnos qué se sabe para su caso.

Qué puede pasar
Son frecuentes las molestias durante unos días. Puede haber moratones, mareo y un aumento breve del dolor. La infección, el sangrado y la lesión de un nervio son raros y pueden ser graves. Le decimos a qué señales debe estar atento y a quién llamar a cualquier hora.

Qué más es posible
Le han hablado de otros tratamientos, y de que puede elegir no tratarse.

Su decisión
Ha tenido tiempo de preguntar y le han respondido. Puede cambiar de idea en cualquier momento, también durante una sesión; eso no tendrá malas consecuencias para su atención."""

DEFAULTS: Final = {
    "en": ("Consent to treatment with platelet-rich plasma", _EN),
    "es": ("Consentimiento para el tratamiento con plasma rico en plaquetas", _ES),
}
"""Title and text, by language."""
