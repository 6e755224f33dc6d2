"""The pages that show caught mail. Whatever a mail holds is escaped, or shown in a sandbox."""

import re
from collections.abc import Iterable
from html import escape

from clinic.local.mailbox import Mail

STYLE = """\
:root { color-scheme: light dark; --line: #d5dae1; --soft: #5b6673; --accent: #0b6b63; --page: #f6f7f9; --card: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --line: #333c47; --soft: #a3adba; --accent: #5cc8bc; --page: #14181d; --card: #1c2229; }
}
body { margin: 0; background: var(--page); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.4rem; line-height: 1.3; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
a { color: var(--accent); }
p.soft, dt, td.soft, li span { color: var(--soft); }
ul.mails { list-style: none; margin: 0; padding: 0; border: 1px solid var(--line); border-radius: .5rem; background: var(--card); }
ul.mails li + li { border-top: 1px solid var(--line); }
ul.mails a { display: block; padding: .75rem 1rem; text-decoration: none; color: inherit; overflow-wrap: anywhere; }
ul.mails a:hover, ul.mails a:focus-visible { background: color-mix(in srgb, var(--accent) 10%, transparent); }
ul.mails strong, ul.mails span { display: block; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; }
dd { margin: 0; overflow-wrap: anywhere; }
pre, iframe { box-sizing: border-box; width: 100%; border: 1px solid var(--line); border-radius: .5rem; }
pre { margin: 0; padding: 1rem; background: var(--card); white-space: pre-wrap; overflow-wrap: anywhere; font-size: .95rem; }
iframe { height: 48rem; background: #fff; }
"""

_LINK = re.compile(r"https?://[^\s<>\"']+")


def inbox(mails: Iterable[Mail]) -> str:
    rows = [
        f'<li><a href="/{mail.key}"><strong>{escape(mail.header("Subject")) or "(no subject)"}</strong>'
        f"<span>To {escape(mail.header('To'))} · {escape(mail.header('Date'))}</span></a></li>"
        for mail in mails
    ]
    if rows:
        return _page("Caught mail", f'<h1>Caught mail</h1><ul class="mails">{"".join(rows)}</ul>')
    empty = (
        "Nothing has been sent yet. Every mail of this machine's clinic appears here instead of leaving it."
    )
    return _page("Caught mail", f'<h1>Caught mail</h1><p class="soft">{empty}</p>')


def letter(mail: Mail) -> str:
    names = ("From", "To", "Date", "Message-ID")
    headers = "".join(f"<dt>{name}</dt><dd>{escape(mail.header(name))}</dd>" for name in names)
    subject = escape(mail.header("Subject")) or "(no subject)"
    parts = [f'<p><a href="/">All mail</a></p><h1>{subject}</h1><dl>{headers}</dl>']
    if mail.body("plain"):
        parts.append(f"<h2>As text</h2><pre>{_with_links(mail.body('plain'))}</pre>")
    if mail.body("html"):
        parts.append(
            '<h2>As a page</h2><p class="soft">Links in it do not open here; use those of the text above.</p>'
            f'<iframe sandbox title="The mail as a page" src="/{mail.key}/html"></iframe>'
        )
    attached = "".join(
        f'<li><a href="/{mail.key}/attachment/{number}">{escape(part.get_filename() or "attachment")}</a> '
        f"<span>{escape(part.get_content_type())}</span></li>"
        for number, part in enumerate(mail.attachments())
    )
    if attached:
        parts.append(f"<h2>Attached</h2><ul>{attached}</ul>")
    parts.append(f'<p><a href="/{mail.key}/source">Source of the mail</a></p>')
    return _page(mail.header("Subject") or "Mail", "".join(parts))


def missing() -> str:
    return _page("Not here", '<h1>Not here</h1><p>That mail is gone. <a href="/">All mail</a></p>')


def _with_links(text: str) -> str:
    """The text escaped, its web addresses as links."""
    pieces, end = [], 0
    for found in _LINK.finditer(text):
        address = escape(found.group())
        pieces += [escape(text[end : found.start()]), f'<a href="{address}" rel="noreferrer">{address}</a>']
        end = found.end()
    return "".join([*pieces, escape(text[end:])])


def _page(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="/style.css"></head>'
        f"<body><main>{content}</main></body></html>"
    )
