"""Provenance in plain words, each statement with its limits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from unmask.media.provenance.source_types import describe_source_type

if TYPE_CHECKING:
    from unmask.media.provenance.record import ContentCredentials, MetadataField

ABSENCE = (
    "It carries no Content Credentials and no note of how it was made. That proves nothing: most files carry none, "
    "and they are lost or taken off easily."
)
NO_DECLARATION = (
    "Nothing in it declares that AI made it. That proves nothing: such a note is easily left out or taken off."
)
ANYONE = "Anyone can write metadata, so this is a hint and no proof."
NOT_FETCHED = "They were not fetched, because nothing is read over the network, so they are neither good nor bad news."
UNLISTED = "There is no trust list to look that signer up in"
MISSING = "that takes the package c2pa-python, which pip install 'unmask[app]' brings"

_NOT_THE_FILE = (".dataHash.mismatch", ".bmffHash.mismatch", ".boxesHash.mismatch", ".collectionHash.mismatch")
_OUT_OF_DATE = ("signingCredential.expired", "claimSignature.outsideValidity")


def describe_credentials(credentials: ContentCredentials) -> list[str]:
    """Return what Content Credentials are worth and what they say; empty where the file carries none."""
    signer = credentials.signer or "an unnamed signer"
    if credentials.status == "remote":
        return [f"It names Content Credentials that are kept at {credentials.address}. {NOT_FETCHED}"]
    if credentials.status == "unchecked":
        reason = credentials.problems[0] if credentials.problems else MISSING
        return [f"Whether it carries Content Credentials that hold was not checked: {reason}."]
    if credentials.status == "broken":
        return [
            f"Its Content Credentials, in the name of {signer}, do not hold: {_describe_problems(credentials)}.",
            "What they say is worth no more than metadata that anyone can write.",
            *_describe_declarations("They say", credentials),
        ]
    if credentials.status == "trusted":
        return [
            f"It carries Content Credentials and has not changed since they were signed by {signer}.",
            "A certificate of the trust list stands behind that signer.",
            *_describe_declarations("The signer declares", credentials),
        ]
    if credentials.status == "valid":
        unknown = "No certificate of the trust list stands behind that signer" if credentials.trust_list else UNLISTED
        return [
            f"It carries Content Credentials and has not changed since they were signed in the name of {signer}.",
            f"{unknown}, and anyone can make a certificate with any name in it.",
            *_describe_declarations("They declare", credentials),
        ]
    return []


def describe_ai_fields(fields: Iterable[MetadataField]) -> list[str]:
    """Return the metadata that marks the file as made by a generative model, in a sentence; empty without any."""
    named = [_describe_ai_field(field) for field in fields if field.declares_ai]
    return [f"Its metadata marks it as made by AI: {'; '.join(named)}. {ANYONE}"] if named else []


def describe_other_fields(fields: Iterable[MetadataField]) -> list[str]:
    """Return the rest of the metadata in a sentence; empty without any."""
    named = [f"{field.name} “{field.value}” ({field.where})" for field in fields if not field.declares_ai]
    return [f"Its metadata names {', '.join(named)}. {ANYONE}"] if named else []


def describe_unread(unread: Iterable[str]) -> list[str]:
    """Return what was left out, in a sentence; empty where everything was read."""
    named = "; ".join(unread)
    return [f"Not read: {named}."] if named else []


def describe_limits(credentials: ContentCredentials, fields: tuple[MetadataField, ...], by_ai: bool) -> list[str]:
    """Return what the absence of a statement does not mean."""
    if by_ai or credentials.status == "unchecked":
        return []
    return [ABSENCE if credentials.status == "absent" and not fields else NO_DECLARATION]


def _describe_declarations(who: str, credentials: ContentCredentials) -> list[str]:
    """Return what standing credentials say of the file, what was done to it and with what."""
    found = [f"{who} that it {describe_source_type(name)}." for name in credentials.source_types]
    found += [
        f"{who} that something it was made from {describe_source_type(name)}."
        for name in credentials.ingredient_source_types
    ]
    if credentials.actions:
        found += [f"Listed as done: {', '.join(map(_describe_action, credentials.actions))}."]
    if credentials.tool:
        found += [f"Written by {credentials.tool}."]
    return found


def _describe_action(action: str) -> str:
    return action.removeprefix("c2pa.").replace("_", " ")


def _describe_problems(credentials: ContentCredentials) -> str:
    problems = credentials.problems
    if any(problem.endswith(_NOT_THE_FILE) for problem in problems):
        return "the file was changed after it was signed, or they were taken from another file"
    if "signingCredential.revoked" in problems:
        return "the signer's certificate was revoked"
    if problems and set(problems) <= set(_OUT_OF_DATE):
        return "the signer's certificate has expired, and no time stamp shows that it was good when it was used"
    reason = problems[0] if problems else "no reason is given"
    return f"they are damaged, were altered or break the rules of C2PA ({reason})"


def _describe_ai_field(field: MetadataField) -> str:
    if field.name == "DigitalSourceType":
        return f"it {describe_source_type(field.value)} ({field.where} {field.name})"
    return f"{field.where} {field.name} says “{field.value}”"
