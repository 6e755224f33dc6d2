"""The forms of a page as a browser would send them, read from its HTML."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

_NEVER_SENT = ("submit", "button", "image", "reset", "file")


@dataclass
class Field:
    """One control. `kind` is its input type, "select" or "textarea"; `values` are what it sends untouched."""

    name: str
    kind: str
    values: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)


@dataclass
class Form:
    """A form that posts, with what it would send untouched."""

    action: str
    fields: dict[str, Field] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    @property
    def data(self) -> dict[str, list[str]]:
        return {name: list(each.values) for name, each in self.fields.items() if each.values}

    @property
    def typed(self) -> list[Field]:
        """What a person writes in by hand."""
        return [
            each
            for each in self.fields.values()
            if each.kind in ("text", "textarea", "email", "search", "tel")
        ]


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self.inside: Form | None = None
        self.select: Field | None = None
        self.area: Field | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = Form(urljoin(self.page, given.get("hx-post") or given.get("action") or self.page))
            self.by_id[given.get("id", "")] = self.inside
            if given.get("method", "").lower() == "post" or "hx-post" in given:
                self.forms.append(self.inside)
        elif tag == "option" and self.select is not None:
            self.select.options.append(given.get("value", ""))
            if "selected" in given:
                self.select.values.append(given.get("value", ""))
        elif tag in ("input", "select", "textarea", "button"):
            self._control(tag, given)

    def _control(self, tag: str, given: dict[str, str]) -> None:
        form = self.by_id.get(given["form"]) if "form" in given else self.inside
        kind = (
            given.get("type", "text" if tag == "input" else "submit") if tag in ("input", "button") else tag
        )
        if form is None:
            return
        if given.get("formaction") and given.get("formmethod", "post").lower() == "post":
            # A button that sends the same fields somewhere else.
            self.forms.append(Form(urljoin(self.page, given["formaction"]), form.fields))
            form = self.forms[-1]
        if "name" not in given or "disabled" in given:
            return
        if kind in _NEVER_SENT:
            form.buttons.append((given["name"], given.get("value", "")))
            return
        one = form.fields.setdefault(given["name"], Field(given["name"], kind))
        if tag == "select":
            self.select = one
        elif tag == "textarea":
            self.area = one
            one.values = [""]
        elif kind in ("checkbox", "radio"):
            one.options.append(given.get("value", "on"))
            if "checked" in given:
                one.values.append(given.get("value", "on"))
        else:
            one.values = [given.get("value", "")]

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.area.values[0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = None
        elif tag == "select" and self.select is not None:
            if not self.select.values:
                self.select.values = self.select.options[:1]
            self.select = None
        elif tag == "textarea":
            self.area = None


def forms_of(html: str, page: str) -> list[Form]:
    """Every form of the page that posts. `page` is its address."""
    reader = _Reader(page)
    reader.feed(html)
    return reader.forms
