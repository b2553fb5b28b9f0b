"""Content Credentials: C2PA manifests, read and checked by `c2pa-python` and by nothing from the network."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from unmask.errors import UnmaskError
from unmask.media.image_bytes import one_line
from unmask.media.provenance.record import ContentCredentials, Status
from unmask.media.provenance.source_types import name_source_type

TRUST_VARIABLE = "UNMASK_C2PA_TRUST"
"""Names a PEM file with the certificates that make a signer trusted."""
MAX_TRUST_BYTES = 4 * 2**20
MAX_REPORT_CHARACTERS = 16 * 2**20
MAX_NODES = 100_000
"""How much of a report is searched for source types: whoever signs decides how large it is."""
MOST_SHOWN = 20

_OFFLINE = {
    "verify": {"verify_after_reading": True, "verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False},
    # An identity assertion may name a web address to look an identity up at, hence not decoded.
    "core": {"decode_identity_assertions": False, "allowed_network_hosts": []},
}
_UNTRUSTED = "signingCredential.untrusted"


def holds_credentials(data: bytes) -> bool:
    """Say whether the bytes of a picture may hold a C2PA manifest: each is a JUMBF box with that name."""
    return b"jumb" in data and b"c2pa" in data


def read_trust_list() -> str | None:
    """Return the certificates (PEM) of the file that `UNMASK_C2PA_TRUST` names; None without one.

    Raises:
        UnmaskError: The file cannot be read or holds no certificate.
    """
    name = os.environ.get(TRUST_VARIABLE)
    if not name:
        return None
    try:
        with Path(name).open(encoding="ascii") as file:
            text = file.read(MAX_TRUST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: not ASCII, so no PEM
        raise _bad_trust_list(getattr(error, "strerror", None) or "it is no PEM file") from error
    if "-----BEGIN CERTIFICATE-----" not in text or len(text) > MAX_TRUST_BYTES:
        raise _bad_trust_list("it holds no certificate, or more than 4 MiB of them")
    return text


def read_credentials(stream: IO[bytes], mime: str) -> ContentCredentials:
    """Read and check the Content Credentials of a file that is open for reading.

    Raises:
        UnmaskError: The trust list cannot be used.
    """
    trust = read_trust_list()
    try:
        import c2pa  # here, because most files never need it
    except ImportError:
        return ContentCredentials("unchecked")
    try:
        context = c2pa.Context.from_dict({**_OFFLINE, "trust": {"trust_anchors": trust}} if trust else _OFFLINE)
    except c2pa.C2paError as error:
        raise _bad_trust_list(one_line(str(error))) from error
    try:
        reader = c2pa.Reader.try_create(mime, stream, None, context)
        if reader is None:
            return ContentCredentials("absent")
        with reader:
            text = reader.json()
    except c2pa.C2paError as error:
        return _explain(one_line(str(error)))
    if len(text) > MAX_REPORT_CHARACTERS:
        return _broken("larger than can be worked on")
    try:
        return _from_report(json.loads(text), trust is not None)
    except (ValueError, RecursionError):
        return _broken("nested too deeply")


def _bad_trust_list(reason: str) -> UnmaskError:
    name = one_line(os.environ.get(TRUST_VARIABLE, ""))
    return UnmaskError(f"Could not read the trust list {name}: {reason}. Name a PEM file in {TRUST_VARIABLE}.")


def _broken(reason: str) -> ContentCredentials:
    return ContentCredentials("broken", problems=(reason,))


def _explain(message: str) -> ContentCredentials:
    """Return what an error of the library says of the file's credentials."""
    if message.startswith("NotSupported"):  # no container that can hold any
        return ContentCredentials("absent")
    if message.startswith(("Io", "Other")):  # it did not come as far as any credentials
        return ContentCredentials("unchecked", problems=(f"the file is damaged ({message})",))
    if message.startswith("Remote"):
        return ContentCredentials("remote", address=message.rsplit(" ", 1)[-1])
    return _broken(message)


def _from_report(report: Any, trust_list: bool) -> ContentCredentials:
    """Return the facts of the library's report, in which whatever the signer wrote may have any shape."""
    manifests = _mapping(_mapping(report).get("manifests"))
    active = _text(_mapping(report).get("active_manifest"))
    manifest = _mapping(manifests.get(active))
    signature = _mapping(manifest.get("signature_info"))
    own = _source_types([manifest.get("assertions")])
    others = _source_types(_mapping(other).get("assertions") for name, other in manifests.items() if name != active)
    return ContentCredentials(
        status=_status(_mapping(report).get("validation_state")),
        signer=_name_signer(signature),
        tool=_name_tool(manifest),
        signed_at=_text(signature.get("time")) or None,
        actions=_first(_actions(manifest)),
        source_types=own,
        ingredient_source_types=tuple(name for name in others if name not in own),
        problems=_first(code for code in _codes(report) if code != _UNTRUSTED),
        trust_list=trust_list,
    )


def _status(state: object) -> Status:
    known: dict[object, Status] = {"Trusted": "trusted", "Valid": "valid"}
    return known.get(state, "broken") if isinstance(state, str) else "broken"


def _name_signer(signature: dict[str, Any]) -> str | None:
    """Return the names in the signing certificate: `common name (organisation)`, or the one there is."""
    common, organisation = _text(signature.get("common_name")), _text(signature.get("issuer"))
    if common and organisation and common != organisation:
        return f"{common} ({organisation})"
    return common or organisation or None


def _name_tool(manifest: dict[str, Any]) -> str | None:
    """Return the program that made the claim, with its version."""
    entries = manifest.get("claim_generator_info")
    entry = _mapping(entries[0] if isinstance(entries, list) and entries else entries)
    parts = [_text(entry.get("name")), _text(entry.get("version"))]
    return " ".join(filter(None, parts)) or _text(manifest.get("claim_generator")) or None


def _actions(manifest: dict[str, Any]) -> Iterator[str]:
    for assertion in map(_mapping, _list(manifest.get("assertions"))):
        if _text(assertion.get("label")).startswith("c2pa.actions"):
            for action in map(_mapping, _list(_mapping(assertion.get("data")).get("actions"))):
                yield _text(action.get("action"))


def _source_types(roots: Iterable[object]) -> tuple[str, ...]:
    """Return the terms that stand anywhere below under a key `digitalSourceType`, in C2PA's spelling or IPTC's."""
    return _first(
        one_line(name_source_type(value))
        for key, value in _pairs(roots)
        if key.lower().endswith("digitalsourcetype") and isinstance(value, str)
    )


def _pairs(roots: Iterable[object]) -> Iterator[tuple[str, object]]:
    """Yield the keys and values at every depth, without recursion and up to a limit."""
    waiting = list(roots)
    for count, node in enumerate(waiting):  # grows while it is walked
        if count > MAX_NODES:
            return
        if isinstance(node, dict):
            yield from node.items()
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _codes(report: Any) -> Iterator[str]:
    for entry in map(_mapping, _list(_mapping(report).get("validation_status"))):
        yield _text(entry.get("code"))


def _first(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the different texts that are not empty in their order, so many as can be shown."""
    return tuple(dict.fromkeys(filter(None, texts)))[:MOST_SHOWN]


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return one_line(value) if isinstance(value, str) else ""
