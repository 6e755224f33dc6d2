"""Invented names as a town's waiting room holds them: short and long, with accents, of many origins."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """Names that go together. `share` says how many of a hundred patients bear them."""

    share: int
    female: tuple[str, ...]
    male: tuple[str, ...]
    family: tuple[str, ...]
    language: str = "en"


def _origin(share: int, female: str, male: str, family: str, language: str = "en") -> Origin:
    def words(text: str) -> tuple[str, ...]:
        return tuple(name.replace("_", " ") for name in text.split())

    return Origin(share, words(female), words(male), words(family), language)


_HERE = _origin(
    24,
    "Abigail Alice Anita Caroline Catherine Claire Deborah Denise Diana Dorothy Eileen Esther Gloria Grace Hannah Helen "
    "Janet Judith Karen Laura Linda Margaret Naomi Nicole Olivia Patricia Paula Rachel Ruth Sandra Susan Teresa Wanda",
    "Aaron Alan Anthony Arthur Benjamin Brian Charles Christopher Colin Daniel David Donald Edward Eric Frank George "
    "Glenn Harold Ian Jack James John Keith Kenneth Lawrence Malcolm Mark Martin Michael Nathan Noah Paul Peter Richard "
    "Robert Roland Samuel Steven Thomas Walter William",
    "Abbott Archer Ashdown Bailey Brooks Calloway Clarke Collins Crawford Davies Ellison Fairweather Finch Fraser Goodwin "
    "Graham Greene Hammond Harrington Hayes Holloway Hughes Lambert MacGregor Mitchell Morris Palmer Phillips Raymond "
    "Robinson Sanders Stewart Taylor Thompson Turner Winslow Whitfield Wright Young Featherstonehaugh-Montgomery",
)
_OTHERS = (
    _origin(
        8,
        "Aoife Bridget Eileen Maeve Maureen Niamh Nora Róisín Siobhán",
        "Brendan Cormac Declan Kieran Liam Patrick Seán Séamus",
        "Brennan Donnelly Dunne Fitzgerald Gallagher Halloran Kavanagh McAllister McCarthy McKenna Murphy O'Brien O'Connor "
        "O’Hara O'Neill Ó'Súilleabháin Quigley Reilly Ryan Sheridan Sullivan Walsh",
    ),
    _origin(
        12,
        "Alejandra Beatriz Camila Carmen Concepción Dolores Elena Lucía María Mónica Pilar Rosa Sofía Valentina Verónica Yolanda",
        "Alejandro Carlos Enrique Felipe Héctor Javier Jorge José Luis Manuel Miguel Rafael Rubén Tomás",
        "Alvarado Benítez Castañeda Córdova Díaz Espinoza Fernández Gómez Gutiérrez Hernández Ibáñez Jiménez Medina Mendoza "
        "Muñoz Navarro Núñez Ortega Quiñones Ramírez Ruiz Salazar Suárez Vargas Zamora García_de_la_Torre_y_Villanueva",
        "es",
    ),
    _origin(
        5,
        "Ana Catarina Fernanda Inês Joana Luísa Mariana",
        "André Bruno Duarte João Nuno Paulo Tiago",
        "Barros Cardoso Costa Lopes Machado Pereira Pinto Ribeiro Santos Silva",
    ),
    _origin(
        5,
        "Amélie Camille Élodie Françoise Hélène Jacqueline Zoë",
        "Émile Étienne François Gaspard Mathieu René",
        "Beaumont Bouchard Delacroix Dubois Fournier Garnier Lachance Moreau Roy Thibault",
    ),
    _origin(
        5,
        "Alessandra Bianca Chiara Francesca Giulia Lucia Paola",
        "Alessio Enzo Giorgio Lorenzo Matteo Paolo Vito",
        "Bianchi Conti Giordano Marchetti Romano Rossi D'Angelo",
    ),
    _origin(
        7,
        "Anneliese Astrid Birgit Ingrid Karin Ursula Zuzana",
        "Henrik Jürgen Lars Matthias Nils Stefan Sören",
        "Ahlström Andersson Becker Bergström Böhm Ekström Hansen Iversen Keller Larsson Lindqvist Löwe Müller Nilsson Richter "
        "Schäfer Sørensen Virtanen Weiss van_der_Westhuizen Wolfeschlegelstein",
    ),
    _origin(
        6,
        "Agnieszka Irina Joanna Katarzyna Magdalena Oksana Tamara",
        "Dmitri Ivan Jerzy Łukasz Marek Nikolai Sergei Viktor",
        "Antonov Dąbrowski Grabowska Horváth Jankowski Kowalczyk Kovács Novák Petrov Popescu Šimić Szabó Volkov Wójcik Zielińska",
    ),
    _origin(
        4,
        "Aisha Esra Fatima Leila Noor Shirin Yasmin",
        "Abdullah Ahmed Farid Hamid Hassan Karim Mehmet Omar Tariq Yusuf",
        "Akhtar Aziz Demir Farouk Haddad Khan Mahmoud Rahman Yılmaz",
    ),
    _origin(
        5,
        "Adaeze Amara Efua Ngozi Thandiwe Wanjiru",
        "Babajide Chidi Emeka Kofi Kwame Oluwaseun",
        "Abara Acheampong Adeyemi Boateng Chukwu Idowu Kamara Mbeki Mensah Ndiaye Oduya Okonkwo Osei",
    ),
    _origin(
        5,
        "Anjali Lakshmi Meera Priya Sunita Radhika",
        "Arjun Mohan Raj Sanjay Vikram",
        "Banerjee Chandra Desai Ghosh Kapoor Malhotra Mehta Nair Patel Rao Shah Sharma Singh Verma Venkatanarasimharajuvaripeta",
    ),
    _origin(
        5, "Fang Jing Lan Mei Xiu Yan", "Bo Hao Jun Ming Wei", "Chen Li Li Lu Ng Ng Wang Wu Xu Zhang Zhou"
    ),
    _origin(2, "Hương Linh Thảo", "Minh Quang Tuấn", "Huynh Nguyễn Pham Tran"),
    _origin(2, "Jiwoo Minji Soo-Jin", "Hyun-Woo Jae Sung", "Cho Kim Lee Park Yoon"),
    _origin(2, "Hana Keiko Yuki", "Hiroshi Kenji Takumi", "Fujimoto Hashimoto Saito Suzuki Tanaka Yamamoto"),
    _origin(
        3,
        "Esther Leah Miriam Tamar",
        "Ari Eli Jonah Saul",
        "Cohen Goldberg Levi Stein Papanikolaou-Christodoulou",
    ),
)
ORIGINS = (_HERE, *_OTHERS)
_FIRST_NAMES_OF_HERE = 0.3

RELATIONSHIPS = ("daughter", "daughter", "son", "wife", "husband", "sister", "neighbour")
_MEN = ("son", "husband")

NOTES = (
    "Prefers mornings.",
    "Comes by train, not before 10:00.",
    "Needs the step-free entrance.",
    "Hard of hearing: speak slowly on the phone.",
    "Works shifts: call after 16:00.",
    "Please call, do not leave voicemail.",
    "Brings a wheelchair.",
    "Interpreter for long conversations.",
)


def families(rng: random.Random, count: int) -> list[tuple[Origin, str]]:
    """Family names with their origins. Each comes once before any comes twice, as far as its origin's share goes."""
    found: list[tuple[Origin, str]] = []
    for origin in ORIGINS:
        wanted = max(len(origin.family), round(count * origin.share / 100))
        pool = [*origin.family, *rng.choices(origin.family, k=wanted)][:wanted]
        found += [(origin, family) for family in pool]
    rng.shuffle(found)
    while len(found) < count:
        found.append((_HERE, rng.choice(_HERE.family)))
    return found[:count]


def given(rng: random.Random, origin: Origin, *, female: bool) -> str:
    """A first name that goes with the family name; some families have been here for long."""
    chosen = _HERE if rng.random() < _FIRST_NAMES_OF_HERE else origin
    return rng.choice(chosen.female if female else chosen.male)


def relative(rng: random.Random, origin: Origin, family: str) -> tuple[str, str]:
    """A contact's relationship and full name."""
    relationship = rng.choice(RELATIONSHIPS)
    if relationship == "neighbour":
        origin, family = rng.choice(families(rng, 40))
    return relationship, f"{given(rng, origin, female=relationship not in _MEN)} {family}"


NOTED = (
    "Slept well.",
    "Stiff in the morning, better after a walk.",
    "Went back to the office today.",
    "Could sit through dinner for the first time in weeks.",
    "A bit sore when I turn over in bed.",
)
"""What patients of the demo add to a check-in."""
FLAGGED = (
    (
        "fever",
        "37.9 in the evening.",
        "Reached. A cold in the family, 37.2 today, no pain at night. Calls again if it rises.",
    ),
    (
        "worse_pain",
        "Worse since I lifted a box.",
        "Reached. Lifted on day 2; no weakness, no fever. Rest, paracetamol, call on Friday.",
    ),
    (
        "redness",
        "Red spot, as big as a coin.",
        "Reached, sent a picture. Small bruise, no swelling. Looks at it again tomorrow.",
    ),
    ("headache", "Bad headache since noon.", "Reached. Known migraine, same as always. Physician informed."),
)
"""Red flags of the demo: the code, what the patient wrote, and what came of it."""
