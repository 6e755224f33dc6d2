"""Every sentence of a refusal goes through translation."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic.exceptions import DomainError
from treatments.scoring import Unscorable

ROOT = Path(__file__).resolve().parent.parent
APPS = ("clinic", "scheduling", "treatments")
UNSEEN = {"demo", "local", "management", "migrations"}
"""Folders of those apps whose words no page shows."""


def _modules() -> list[Path]:
    return sorted(
        path
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if not UNSEEN & set(path.relative_to(ROOT).parts)
    )


def _names_of(error: type[Exception]) -> set[str]:
    return {error.__name__}.union(*(_names_of(narrower) for narrower in error.__subclasses__()))


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_bare(node: ast.expr) -> bool:
    """Whether the words come from here as they are: a literal, also one that is filled in, joined or listed."""
    if isinstance(node, ast.JoinedStr):
        return True
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.BinOp):
        return _is_bare(node.left) or (isinstance(node.op, ast.Add) and _is_bare(node.right))
    if isinstance(node, ast.IfExp):
        return _is_bare(node.body) or _is_bare(node.orelse)
    if isinstance(node, ast.List | ast.Tuple):
        return any(_is_bare(item) for item in node.elts)
    return isinstance(node, ast.Call) and _called(node) == "format" and _is_bare_method(node.func)


def _is_bare_method(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and _is_bare(function.value)


def _refusals(node: ast.AST, errors: set[str], *, inside: bool = False) -> Iterator[ast.Call]:
    """Calls that make an error, and those by which an error's class hands words to the one above."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and (
            _called(child) in errors or (inside and _called(child) == "__init__")
        ):
            yield child
        within = child.name in errors if isinstance(child, ast.ClassDef) else inside
        yield from _refusals(child, errors, inside=within)


def _untranslated(source: str) -> list[int]:
    """Lines of the refusals whose words are bare."""
    errors = _names_of(DomainError) | {Unscorable.__name__, "ValidationError"}
    return [
        call.lineno
        for call in _refusals(ast.parse(source), errors)
        if any(_is_bare(argument) for argument in call.args)
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "raise NotFound('There is none.')",
        "raise exceptions.Conflict(f'{number} is taken.')",
        "raise InvalidInput('At most %s.' % most, field='count')",
        "raise SlotTaken(['That time has just been taken.'])",
        "raise IllegalMove('From {} it cannot go on.'.format(state))",
        "def already_open():\n    return Conflict('One is open.')",
        "class SlotTaken(DomainError):\n    def __init__(self):\n        super().__init__('Taken.')",
    ],
)
def test_the_walk_finds_bare_words(statement: str) -> None:
    assert _untranslated(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "raise NotFound(_('There is none.'))",
        "raise InvalidInput(_('At most %(most)s.') % {'most': most}, field='count')",
        "raise NotFound(words) from error",
        "raise ValueError('a programming error')",
    ],
)
def test_the_walk_lets_translated_words_pass(statement: str) -> None:
    assert _untranslated(statement) == []


def test_refusals_go_through_translation() -> None:
    assert {
        str(path.relative_to(ROOT)): lines
        for path in _modules()
        if (lines := _untranslated(path.read_text(encoding="utf-8")))
    } == {}
