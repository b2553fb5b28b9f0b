"""The report of a picture as one HTML file that loads nothing; whatever came from outside is escaped."""

from __future__ import annotations

from html import escape

from unmask.picture_report.content import CAVEAT, LEGEND, NETWORK, PROVENANCE_LIMIT, FaceFinding, PictureFinding
from unmask.repeating import shell_line
from unmask.report_html import badge, data_url, facts_table, html_page, table

COLUMNS = ("Face", "Verdict", "Fake probability", "Where", "Remarks")
HASHED = ("SHA-256", NETWORK)


def render_html(finding: PictureFinding) -> bytes:
    """Return the report as an HTML file."""
    counted = f"{len(finding.rows)} {'face' if len(finding.rows) == 1 else 'faces'}"
    facts = {name: _fact(name, value) for name, value in finding.facts.items()}
    parts = [
        f"<h1>{escape(finding.name)}: {badge(finding.verdict)}</h1>",
        f"<p>{escape(finding.reason)}</p>",
        f'<p class="note">{CAVEAT}</p>',
        f'<img class="whole" alt="The picture; {counted} found, each boxed and numbered" '
        f'src="{data_url(finding.boxed)}">',
        *map(_section, finding.faces),
        f'<p class="note">{LEGEND}</p>' if finding.faces else "",
        _all_faces(finding),
        "<h2>How it was judged</h2>",
        facts_table(facts),
        "<h2>What the file says of where it comes from</h2>",
        f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in finding.provenance)}</ul>",
        f'<p class="note">{PROVENANCE_LIMIT}</p>',
        "<h2>Repeat it</h2>",
        f"<p>{escape(finding.how_to_repeat)}</p>",
        f"<pre><code>{escape(shell_line(finding.command))}</code></pre>",
    ]
    return html_page(f"Unmask: {finding.name}", parts).encode()


def _section(face: FaceFinding) -> str:
    pictures = [(f"Face {face.number}", "what the network saw", face.crop)]
    if face.heat is not None:
        pictures.append((f"Heat map of face {face.number}", "where the network looked", face.heat))
    figures = "".join(
        f'<figure><img alt="{alt}" src="{data_url(pixels)}"><figcaption>{words}</figcaption></figure>'
        for alt, words, pixels in pictures
    )
    remarks = f"; {escape(face.remarks)}" if face.remarks else ""
    return (
        f"<h2>Face {face.number}: {badge(face.verdict)} fake probability {face.fake_probability:.3f}</h2>"
        f"<p>{escape(face.place)}{remarks}.</p><div>{figures}</div>"
    )


def _all_faces(finding: PictureFinding) -> str:
    if len(finding.rows) < 2:
        return ""
    head = [f"<th>{name}</th>" for name in COLUMNS]
    rows = [[f"<td>{escape(value)}</td>" for value in row] for row in finding.rows]
    return f"<h2>All faces</h2>{table([head, *rows])}"


def _fact(name: str, value: str) -> str:
    return f"<code>{escape(value)}</code>" if name in HASHED else escape(value)
