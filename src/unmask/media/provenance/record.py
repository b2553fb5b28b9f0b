"""What was read of a file's provenance, as plain frozen values. Every text in them is one printable line."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from unmask.media.provenance import words
from unmask.media.provenance.source_types import is_by_ai

Status = Literal["absent", "remote", "unchecked", "broken", "valid", "trusted"]
"""Of Content Credentials.

- absent: the file carries none.
- remote: it names some that are kept elsewhere; they were not fetched.
- unchecked: it carries some or may do so, but `c2pa-python`, which checks them, is missing, or the file is damaged.
- broken: they do not fit the file, or their signature does not hold.
- valid: file and signature are as they were signed, by someone who is not on the trust list.
- trusted: the same, and a certificate of the trust list stands behind the signer.
"""


@dataclass(frozen=True)
class ContentCredentials:
    """The C2PA Content Credentials of a file; see https://c2pa.org.

    `signer` is the name in the signing certificate, `tool` the program that made the claim, `signed_at` the
    time of a time-stamp authority (ISO 8601) or None. `actions` are C2PA's own names, such as `c2pa.created`.
    `source_types` are terms of IPTC's digital source types, those of `ingredient_source_types` being of the
    files that this one was made from. `problems` are C2PA's failure codes of broken ones, or why they were not
    checked where it is not for the missing library. `trust_list` says
    whether there was a list to look the signer up in, `address` where remote ones are.
    """

    status: Status
    signer: str | None = None
    tool: str | None = None
    signed_at: str | None = None
    actions: tuple[str, ...] = ()
    source_types: tuple[str, ...] = ()
    ingredient_source_types: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    trust_list: bool = False
    address: str | None = None

    @property
    def declares_ai(self) -> bool:
        """Whether they say that a model made the file, a part of it, or something it was made from."""
        return any(map(is_by_ai, self.source_types + self.ingredient_source_types))


@dataclass(frozen=True)
class MetadataField:
    """One field of a file's metadata: where it stood (`EXIF`, `XMP`, `IPTC`, `PNG text`), its name, its value.

    `declares_ai` says whether it marks the file as made by a generative model. The value is cut to 120 characters.
    """

    where: str
    name: str
    value: str
    declares_ai: bool = False


@dataclass(frozen=True)
class Provenance:
    """What a file says of where it comes from. `unread` names what was there and not read, with the reason."""

    credentials: ContentCredentials
    metadata: tuple[MetadataField, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def declares_ai(self) -> Literal["trusted", "untrusted"] | None:
        """Whether the file is declared to be made by AI: by a trusted signer, by anybody else, or not at all.

        None says nothing about the file: whoever wants to deceive leaves the declaration out.
        """
        if self.credentials.declares_ai and self.credentials.status == "trusted":
            return "trusted"
        if self.credentials.declares_ai or any(field.declares_ai for field in self.metadata):
            return "untrusted"
        return None

    def findings(self) -> list[str]:
        """Return the sentences about Content Credentials and declarations of AI; empty where there are none."""
        return words.describe_credentials(self.credentials) + words.describe_ai_fields(self.metadata)

    def sentences(self) -> list[str]:
        """Return all that was found in plain words, with what it does not mean; never empty."""
        return [
            *self.findings(),
            *words.describe_other_fields(self.metadata),
            *words.describe_unread(self.unread),
            *words.describe_limits(self.credentials, self.metadata, self.declares_ai is not None),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form of the command line and the API."""
        credentials = asdict(self.credentials).items()
        return {
            "declares_ai": self.declares_ai,
            "credentials": {name: list(value) if isinstance(value, tuple) else value for name, value in credentials},
            "metadata": [asdict(field) for field in self.metadata],
            "unread": list(self.unread),
        }
