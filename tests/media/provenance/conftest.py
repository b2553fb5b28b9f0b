"""Pictures signed on the spot: an authority made for the tests, and what it signs."""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import c2pa
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

BY_CAMERA = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
BY_AI = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
TAKEN: list[dict] = [{"action": "c2pa.created", "digitalSourceType": BY_CAMERA}]
NOW, DAY = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
QUIET = {"verify_after_sign": False, "remote_manifest_fetch": False}


@dataclass(frozen=True)
class Authority:
    """A signer's certificate chain and key, and the root that stands behind it, all PEM."""

    chain: bytes
    key: bytes
    root: bytes

    def sign(self, data: bytes, mime: str, actions: list[dict] = TAKEN, **wishes: Any) -> bytes:
        """Return the file with Content Credentials; `parent` is the bytes of what it was made from, then opened."""
        info = c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, self.chain, self.key, b"")
        info.ta_url = None  # no time stamp: nothing is fetched
        context = c2pa.Context.from_dict({"builder": {"thumbnail": {"enabled": False}}, "verify": QUIET})
        manifest = {
            "claim_generator_info": [{"name": wishes.get("tool", "Painter"), "version": "2"}],
            "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
        }
        signed = io.BytesIO()
        with c2pa.Builder(manifest, context) as builder:
            if parent := wishes.get("parent"):
                builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
                builder.add_ingredient({"relationship": "parentOf"}, mime, io.BytesIO(parent))
            if address := wishes.get("address"):
                builder.set_no_embed()
                builder.set_remote_url(address)
            builder.sign(c2pa.Signer.from_info(info), mime, io.BytesIO(data), signed)
        return signed.getvalue()


def make_authority(signer: str = "Ada") -> Authority:
    """Make a root and a signer below it."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate("Root", "Root Ltd", root_key, root_key, is_root=True)
    leaf = _certificate(signer, "Press Ltd", key, root_key, is_root=False)
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Authority(leaf.public_bytes(pem) + root.public_bytes(pem), secret, root.public_bytes(pem))


def _name(common: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _certificate(common: str, organisation: str, key: Any, root_key: Any, *, is_root: bool) -> x509.Certificate:
    usage = x509.KeyUsage(not is_root, False, False, False, False, is_root, is_root, False, False)
    builder = (
        x509.CertificateBuilder(_name("Root", "Root Ltd"), _name(common, organisation), key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 30 * DAY)
        .not_valid_after(NOW + 30 * DAY)
        .add_extension(x509.BasicConstraints(is_root, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
    )
    if not is_root:
        mail = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(mail, critical=True)
    return builder.sign(root_key, hashes.SHA256())


@pytest.fixture(scope="session")
def authority() -> Authority:
    return make_authority()


@pytest.fixture
def trusted(authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The authority's root is on the trust list."""
    (tmp_path / "trust.pem").write_bytes(authority.root)
    monkeypatch.setenv("UNMASK_C2PA_TRUST", str(tmp_path / "trust.pem"))


@pytest.fixture(autouse=True)
def no_trust_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UNMASK_C2PA_TRUST", raising=False)


@pytest.fixture(scope="session")
def encoded() -> Callable[..., bytes]:
    """Return a small noisy picture in a format: `encoded("JPEG", exif=…)`."""
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)

    def encode(kind: str, **options: Any) -> bytes:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, kind, **options)
        return file.getvalue()

    return encode
