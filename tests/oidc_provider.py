"""An OpenID Connect provider over HTTP that signs in whomever a test tells it to."""

import base64
import hashlib
import json
import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.local_server import Quiet, listening

CLIENT_ID, CLIENT_SECRET = "recollect", "shared secret"


@cache
def rsa_key(_name: str) -> rsa.RSAPrivateKey:
    """Return the key of this name: made once, for that takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Provider:
    """What the provider says, which a test changes in place.

    Attributes:
        person: The claims about whoever signs in.
        asked: The queries that the authorize page was asked with.
        token_claims: Claims that differ in the id token.
        signing_key: Another key than the published one, if any.
    """

    person: dict[str, Any] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    token_claims: dict[str, Any] = field(default_factory=dict)
    signing_key: Any = None
    issuer: str = ""
    named_issuer: str = ""

    def __post_init__(self) -> None:
        self._open = ExitStack()
        self._key = rsa_key("published")
        self._codes: dict[str, dict[str, str]] = {}
        self._tokens: set[str] = set()

    def __enter__(self) -> Self:
        self.issuer = self._open.enter_context(listening(_handler(self)))
        self.named_issuer = self.issuer
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.named_issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def jwks(self) -> dict[str, Any]:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(
            self._key.public_key(), as_dict=True
        )
        return {"keys": [{**public, "kid": "1", "alg": "RS256", "use": "sig"}]}

    def authorize(self, query: dict[str, str]) -> str:
        """Return where the browser is sent back to."""
        self.asked.append(query)
        code = secrets.token_urlsafe(8)
        self._codes[code] = query
        back = {"code": code, "state": query["state"]}
        return f"{query['redirect_uri']}?{urlencode(back)}"

    def token(self, form: dict[str, str]) -> dict[str, Any] | None:
        asked = self._codes.pop(form["code"], None)
        proof = hashlib.sha256(form["code_verifier"].encode()).digest()
        if (
            asked is None
            or (form["client_id"], form["client_secret"]) != (CLIENT_ID, CLIENT_SECRET)
            or asked["redirect_uri"] != form["redirect_uri"]
            or base64.urlsafe_b64encode(proof).decode().rstrip("=")
            != asked["code_challenge"]
        ):
            return None
        access = secrets.token_urlsafe(8)
        self._tokens.add(access)
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "exp": int(time.time()) + 60,
            "iat": int(time.time()),
            **self.person,
            **self.token_claims,
        }
        key = self.signing_key or self._key
        id_token = jwt.encode(claims, key, algorithm="RS256", headers={"kid": "1"})
        return {"access_token": access, "token_type": "Bearer", "id_token": id_token}

    def knows(self, authorization: str) -> bool:
        return authorization.removeprefix("Bearer ") in self._tokens


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            if url.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(query))
                self.end_headers()
            elif url.path == "/.well-known/openid-configuration":
                self._answer(provider.discovery())
            elif url.path == "/jwks":
                self._answer(provider.jwks())
            elif provider.knows(self.headers.get("Authorization", "")):
                self._answer(provider.person)
            else:
                self._answer(None)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(provider.token(form))

        def _answer(self, value: Any) -> None:
            self.send_response(200 if value is not None else 401)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(value or {}).encode())

    return Handler
