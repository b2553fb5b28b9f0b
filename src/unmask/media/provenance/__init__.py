"""Provenance: what a file says of where it comes from, read beside detection and never mixed with the verdict."""

from unmask.media.provenance.credentials import read_trust_list
from unmask.media.provenance.reading import read_provenance
from unmask.media.provenance.record import ContentCredentials, MetadataField, Provenance

__all__ = ["ContentCredentials", "MetadataField", "Provenance", "read_provenance", "read_trust_list"]
