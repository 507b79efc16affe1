"""A passkey as allauth keeps it: nothing but its name matters here."""

import hashlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
)


def stored(name: str) -> dict[str, Any]:
    """Return what the row of a registered passkey holds, with a key of its own."""
    ids = hashlib.sha256(name.encode()).digest()
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    key = ES256.from_cryptography_key(public)  # type: ignore[no-untyped-call]  # theirs
    credential = AttestedCredentialData.create(Aaguid.NONE, ids, key)
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT
    data = AuthenticatorData.create(ids, flags, 0, credential)
    client = b'{"type":"webauthn.create","challenge":"AA","origin":"http://localhost"}'
    return {
        "name": name,
        "credential": {
            "type": "public-key",
            "id": websafe_encode(ids),
            "rawId": websafe_encode(ids),
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": websafe_encode(client),
                "attestationObject": websafe_encode(
                    AttestationObject.create("none", data, {})
                ),
            },
        },
    }
