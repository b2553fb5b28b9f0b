"""The pages of an evaluation: Markdown, and one HTML file that holds all its figures and asks nothing of a network."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping, Sequence

from unmask.evaluation.sections import Section

STYLE = """
:root { color-scheme: light dark; --text: #1c1e21; --back: #ffffff; --line: #d5d8dc; --soft: #f4f5f7; --link: #005a9c; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e6ea; --back: #15171a; --line: #3a3f45; --soft: #1f2226; --link: #7cb8ec; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--back); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
h3, h4 { margin: 1.6rem 0 0.4rem; }
a { color: var(--link); }
nav ul { display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; padding: 0; list-style: none; }
.table { overflow-x: auto; margin: 0.8rem 0; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; font-size: 0.8125rem; font-variant-numeric: tabular-nums; width: 100%; }
th, td { padding: 0.35rem 0.45rem; white-space: nowrap; text-align: left; border-bottom: 1px solid var(--line); }
td:not([style]) + td:not([style]):last-child { white-space: normal; min-width: 18rem; }
th { background: var(--soft); white-space: normal; vertical-align: bottom; overflow-wrap: normal; }
tr:last-child td { border-bottom: 0; }
img { max-width: 100%; height: auto; background: #ffffff; border-radius: 6px; margin: 0.3rem 0.3rem 0.3rem 0; }
code { background: var(--soft); padding: 0.1em 0.3em; border-radius: 4px; font-size: 0.9em; }
"""


def render_sections(sections: Sequence[Section]) -> list[str]:
    """Return the sections as paragraphs of Markdown, each under its title."""
    return [f"## {section.title}\n\n{section.markdown}" for section in sections]


def render_html(markdown: str, figures: Mapping[str, bytes], title: str) -> str:
    """Return a page of Markdown as one HTML file with every figure inside it.

    Raw HTML in the Markdown stays text, so that a data set's name cannot bring a script along.

    Args:
        markdown: the page.
        figures: PNG bytes by the file name that the page shows them by.
        title: of the browser's tab.
    """
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    body = re.sub(r'<img src="([^"]*)"', lambda found: _inlined(found, figures), body)
    body = body.replace("<table>", '<div class="table" tabindex="0"><table>').replace("</table>", "</table></div>")
    headings: list[str] = []

    def with_anchor(found: re.Match[str]) -> str:
        headings.append(found[1])
        return f'<h2 id="part-{len(headings)}">{found[1]}</h2>'

    body = re.sub(r"<h2>(.*?)</h2>", with_anchor, body)
    links = "".join(f'<li><a href="#part-{n}">{text}</a></li>' for n, text in enumerate(headings, start=1))
    body = body.replace("</h1>", f"</h1>\n<nav><ul>{links}</ul></nav>", 1)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )


def _inlined(found: re.Match[str], figures: Mapping[str, bytes]) -> str:
    """Return the start of an image's tag with its bytes; a figure that is not there keeps no address."""
    png = figures.get(html.unescape(found[1]))
    return f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}"' if png else '<img src=""'
