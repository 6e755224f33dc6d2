"""Outcome questionnaires as data: their items, their scale, how they are scored, what a missing answer means.

Five come with the software. Others, whose text belongs to somebody, are loaded by the clinic with their licence.
"""

from treatments.instruments.builtin import BUILTIN
from treatments.instruments.definition import Definition, DefinitionError, Item, ItemKind, load
from treatments.instruments.scored import Answers, Unscorable, check_item, is_complete, score

__all__ = [
    "BUILTIN",
    "Answers",
    "Definition",
    "DefinitionError",
    "Item",
    "ItemKind",
    "Unscorable",
    "check_item",
    "is_complete",
    "load",
    "score",
]
