"""Invented names as a town's waiting room holds them: short and long, with accents, of many origins."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FEMALE = _words(
    "Abigail Adaeze Agnieszka Aisha Alice Amara Amélie Ana Anita Anneliese Astrid Beatriz Bridget Camila Carmen "
    "Caroline Catherine Chiara Claire Concepción Deborah Denise Diana Dolores Dorothy Eileen Elena Élodie Esther "
    "Fatima Françoise Gabriela Giulia Gloria Grace Hannah Helen Ines Ingrid Irina Jacqueline Janet Joanna Judith "
    "Karen Katarzyna Keiko Lan Laura Leila Linda Lucía Magdalena Maeve Margaret María Maureen Mei Mónica Nadia "
    "Naomi Nicole Noor Oksana Olivia Patricia Paula Priya Rachel Rosa Ruth Sandra Shirin Siobhán Sofía Sunita "
    "Susan Tamara Teresa Thandiwe Ursula Valentina Verónica Wanda Xiu Yasmin Yolanda Zoë Zuzana"
)

MALE = _words(
    "Aaron Abdullah Adrian Ahmed Alan Alejandro André Anthony Arjun Arthur Babajide Benjamin Brian Bruno Carlos "
    "Charles Chidi Christopher Colin Daniel David Declan Dmitri Donald Edward Emeka Émile Enrique Eric Farid "
    "Felipe Francis Frank George Giorgio Glenn Hamid Harold Hassan Héctor Henrik Hiroshi Ian Ibrahim Ivan Jack "
    "James Javier Jerzy João John Jorge José Joseph Karim Keith Kenneth Kofi Lars Lawrence Leon Liam Luis Łukasz "
    "Malcolm Manuel Marek Mark Martin Matteo Mehmet Michael Miguel Minh Mohan Nathan Nikolai Noah Oliver Omar "
    "Patrick Paul Pedro Peter Rafael Raj Richard Robert Roland Rubén Samuel Sean Sergei Stefan Steven Tariq Thomas "
    "Tomás Tuấn Viktor Walter Wei William Yusuf"
)

FAMILY = _words(
    "Abara Abbott Abubakar Acheampong Adeyemi Ahlström Akhtar Alvarado Andersson Antonov Archer Ashdown Aziz Bailey "
    "Banerjee Barros Beaumont Becker Benítez Bergström Bianchi Boateng Böhm Bouchard Brennan Brooks Calloway Cardoso "
    "Castañeda Chandra Chen Cho Chukwu Clarke Cohen Collins Conti Córdova Costa Crawford Da'Costa Dąbrowski Davies "
    "Delacroix Demir Desai Díaz Donnelly Dubois Dunne Ekström Ellison Engström Espinoza Fairweather Farouk Fernández "
    "Finch Fitzgerald Fournier Fraser Fujimoto Gallagher Garnier Ghosh Giordano Goldberg Gómez Goodwin Grabowska "
    "Graham Greene Gutiérrez Haddad Halloran Hammond Hansen Harrington Hashimoto Hayes Hernández Holloway Horváth "
    "Hughes Huynh Ibáñez Idowu Iversen Jankowski Jansen Jiménez Johansson Kamara Kapoor Kavanagh Keller Khan Kim "
    "Kowalczyk Kovács Kruger Lachance Lambert Larsson Lee Levi Li Lindqvist Löwe Lopes MacGregor Machado Mahmoud "
    "Malhotra Marchetti Mbeki McAllister McCarthy McKenna Medina Mehta Mendoza Mensah Mitchell Moreau Morales Morris "
    "Müller Muñoz Murphy Nair Navarro Ndiaye Nguyễn Ng Nilsson Novák Nowak Núñez O'Brien O'Connor O'Neill Oduya "
    "Okonkwo Olsen Ortega Osei Ó'Súilleabháin Palmer Papadopoulos Park Patel Pereira Petrov Pham Phillips Pinto "
    "Popescu Quigley Quiñones Rahman Ramírez Rao Raymond Reilly Reyes Ribeiro Richter Robinson Romano Rossi Roy "
    "Ruiz Ryan Saito Salazar Sanders Santos Sato Schäfer Schneider Shah Sharma Sheridan Silva Singh Šimić Sokolova "
    "Sørensen Stein Stewart Suárez Sullivan Suzuki Szabó Tanaka Taylor Thibault Thompson Torres Tran Turner Vargas "
    "Vasquez Verma Virtanen Volkov Wagner Walsh Wang Washington Watanabe Weber Weiss Whitfield Wójcik Wright Xu "
    "Yamamoto Yılmaz Yoon Young Zamora Zhang Zhou Zielińska"
)

SPANISH = frozenset(
    _words(
        "Alvarado Benítez Castañeda Córdova Díaz Espinoza Fernández Gómez Gutiérrez Hernández Ibáñez Jiménez Medina "
        "Mendoza Morales Muñoz Navarro Núñez Ortega Quiñones Ramírez Reyes Ruiz Salazar Suárez Torres Vargas Vasquez "
        "Zamora"
    )
)
"""Families of whom some prefer Spanish."""

LONG = (
    "Featherstonehaugh-Montgomery",
    "García de la Torre y Villanueva",
    "Papanikolaou-Christodoulou",
    "van der Westhuizen",
    "Venkatanarasimharajuvaripeta",
    "Wolfeschlegelstein",
)

RELATIONSHIPS = (
    ("daughter", "Female"),
    ("son", "Male"),
    ("wife", "Female"),
    ("husband", "Male"),
    ("sister", "Female"),
    ("neighbour", "Female"),
)

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
