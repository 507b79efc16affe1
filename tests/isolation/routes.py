"""Every page and endpoint out of the URL resolver, and how it is asked."""

import html
import importlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import uuid4

from django.apps import apps
from django.forms import BaseForm
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from memory import working
from tests import environment as env
from tests.isolation import victims
from tests.isolation.owners import OURS, Owner, ask_for, owned_models

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
NOBODY = "nobody-there"


@dataclass(frozen=True)
class Route:
    """One pattern of the resolver.

    Attributes:
        address: As written, such as `inbox/<uuid:conversation_id>/`.
        arguments: Name and kind of each, in order.
        is_api: Whether it takes JSON.
        app: Which app its view is in.
    """

    address: str
    arguments: tuple[tuple[str, str], ...]
    is_api: bool
    app: str = ""

    @property
    def names(self) -> list[str]:
        """The arguments that name something of a tenant's."""
        return [n for n, _ in self.arguments if n not in victims.PLAIN_ARGUMENTS]

    @property
    def public(self) -> bool:
        return self.address.startswith(tuple(victims.PUBLIC))

    @property
    def drawn(self) -> bool:
        """Whether something on the page is another one each time."""
        return self.address in victims.DRAWN

    def url(self, owners: dict[str, Owner | None]) -> str:
        """The address with each argument filled by the row of its owner."""
        filled = self.address
        for name, kind in self.arguments:
            value = self._value(name, owners.get(name), kind)
            filled = re.sub(rf"<(\w+:)?{name}>", quote(str(value)), filled, count=1)
        return f"/{filled}"

    def of(self, owner: Owner | None) -> str:
        """The address with every argument filled by one owner's rows."""
        return self.url(dict.fromkeys(self.names, owner))

    def _value(self, name: str, owner: Owner | None, kind: str) -> Any:
        if name in victims.PLAIN_ARGUMENTS:
            return victims.PLAIN_ARGUMENTS[name]
        if owner is None:
            nobodys = {"uuid": uuid4(), "int": 999_999_999}
            return nobodys.get(kind, NOBODY)
        return value_of(name, owner, at=self.address)


def value_of(name: str, owner: Owner, *, at: str) -> Any:
    """What fills an argument of a path or a task with something of an owner's."""
    row, attribute = named(name)
    argument, further = victims.INSTEAD.get(at, ("", ""))
    found = owner.more[further] if name == argument else owner.row(row)
    return attribute(found) if callable(attribute) else getattr(found, attribute)


@cache
def named(name: str) -> tuple[Any, Any]:
    if name in victims.ARGUMENTS:
        label, attribute = victims.ARGUMENTS[name]
        return apps.get_model(label), attribute
    for model in owned_models():
        if name == f"{model._meta.model_name}_id":
            return model, "pk"
    raise ask_for(f"<{name}> of a path: say which model's row fills it (ARGUMENTS)")


@cache
def routes() -> tuple[Route, ...]:
    """Every route of the product."""
    return tuple(
        sorted(_walk(get_resolver().url_patterns, ""), key=lambda r: r.address)
    )


def _walk(patterns: list[URLPattern | URLResolver], at: str) -> Iterator[Route]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, at + _text(pattern))
        else:
            address = at + _text(pattern)
            found = re.findall(r"<(?:(\w+):)?(\w+)>", address)
            yield Route(
                address=address,
                arguments=tuple((name, kind) for kind, name in found),
                is_api=hasattr(pattern.callback, "cls"),
                app=pattern.callback.__module__.split(".")[0],
            )


def _text(pattern: URLPattern | URLResolver) -> str:
    if isinstance(pattern.pattern, RoutePattern):
        return str(pattern.pattern)
    # A regular expression: its named groups become arguments like any others.
    plain = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", str(pattern.pattern))
    return plain.strip("^$").removesuffix("\\Z").replace("\\", "")


@cache
def parameters(app: str) -> tuple[str, ...]:
    """Every name that a view of an app reads out of a query, from its sources."""
    found: set[str] = set()
    for file in Path(env.ROOT / app).rglob("*.py"):
        text = file.read_text()
        found |= set(re.findall(r"GET\.get(?:list)?\(\s*[\"'](\w+)", text))
        for form in re.findall(r"(\w+Form)\(request\.GET", text):
            found |= set(forms()[form].base_fields)
    return tuple(sorted(found))


@cache
def forms() -> dict[str, Any]:
    """Every form of our apps, by its name."""
    for app in OURS:
        for file in Path(env.ROOT / app).rglob("*forms.py"):
            at = file.relative_to(env.ROOT).with_suffix("")
            importlib.import_module(".".join(at.parts))
    return {
        form.__name__: form
        for form in _below(BaseForm)
        if form.__module__.split(".")[0] in OURS
    }


def _below(form: Any) -> Iterator[Any]:
    for each in form.__subclasses__():
        yield each
        yield from _below(each)


def words(owner: Owner | None, route: Route | None = None) -> dict[str, str]:
    """What a form, a query or a JSON body says when it asks for an owner's things."""
    said = _words(owner)
    for start, fillers in victims.FORM_AT.items():
        if route is not None and route.address.startswith(start):
            for name, filler in fillers.items():
                said[name] = filler(owner) if owner else str(uuid4())
    return said


def _words(owner: Owner | None) -> dict[str, str]:
    if owner is None:
        return {
            "customer": NOBODY, "customer_id": str(uuid4()), "query": NOBODY,
            "q": NOBODY, "name": NOBODY, "email": "nobody@example.net",
            "user": str(uuid4()), "message": str(uuid4()), "id": str(uuid4()),
            "ids": NOBODY, "login": "nobody@example.net",
            "key": f"t:{uuid4().hex}:c:{uuid4().hex}:{uuid4().hex}:tool:0",
        } | victims.FORM  # fmt: skip
    customer = owner.customer
    key = next((i.key for i in working.items(owner.tenant.id, customer.pk)), "")
    return {
        "customer": customer.external_id, "customer_id": str(customer.pk),
        "query": owner.named("fact").text, "q": customer.name, "name": customer.name,
        "email": customer.email, "user": str(next(iter(owner.users.values())).pk),
        "message": str(owner.named("message").pk),
        "id": str(owner.named("conversation").pk), "key": key,
        "ids": customer.external_id, "login": owner.named("user").email,
    } | victims.FORM  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What came back, without what the asker sent herself and what is drawn by lot."""

    status: int
    body: str
    headers: tuple[tuple[str, str], ...]

    @property
    def all_text(self) -> str:
        return f"{self.body} {self.headers}".lower()

    def unlike(self, other: "Answer") -> str:
        """What tells the two apart, line by line; empty when nothing does."""
        mine, hers = (
            f"{a.status}\n{a.headers}\n{a.body}".splitlines() for a in (self, other)
        )
        return "\n".join(unified_diff(mine, hers, lineterm="", n=0))


_LOT = re.compile(
    r"(?<=csrfmiddlewaretoken\" value=\")\w+|(?<=nonce[=-][\"'])[\w+/=-]+"
    r"|(?<='nonce-)[\w+/=-]+|(?<=X-CSRFToken\": \")\w+|(?<=csrf-token\" content=\")\w+"
)


def ask(
    client: Client,
    method: str,
    url: str,
    *,
    sent: dict[str, str] | None = None,
    is_api: bool = False,
    htmx: bool = False,
    known: tuple[str, ...] = (),
) -> Answer:
    """Send one request; `sent` is its form, JSON body or (when safe) nothing.

    `known` is what the asker wrote into other forms: it may stand on the page since.
    """
    headers = {"HX-Request": "true", "HX-Target": "index"} if htmx else {}
    data: Any = ""
    kind = "application/octet-stream"
    if sent is not None and method not in {"GET", "HEAD", "OPTIONS"}:
        kind = "application/json" if is_api else "application/x-www-form-urlencoded"
        pairs = "&".join(f"{k}={quote_plus(v)}" for k, v in sent.items())
        data = json.dumps(sent) if is_api else pairs
    response = client.generic(method, url, data, content_type=kind, headers=headers)
    return _answer(
        response, [url, *re.findall(r"[^/?&=]+", url), *(sent or {}).values(), *known]
    )


def _answer(response: Any, own_words: list[str]) -> Answer:
    def without_own(text: str) -> str:
        for word in sorted(own_words, key=len, reverse=True):
            if len(word) >= _SHORTEST:
                for written in (word, html.escape(word), quote(word), quote_plus(word)):
                    text = text.replace(written, "#")
        return _LOT.sub("#", text)

    content = b"".join(response) if response.streaming else response.content
    cookies = "; ".join(sorted(response.cookies))
    headers = [(k, without_own(v)) for k, v in response.items()]
    return Answer(
        status=response.status_code,
        body=without_own(content.decode(errors="replace")),
        headers=tuple(
            sorted(
                (k, v) for k, v in [*headers, ("Cookies", cookies)] if k not in _OF_TIME
            )
        ),
    )


# A shorter word stands in any text, and echoing it tells nothing.
_SHORTEST = 6
_OF_TIME = frozenset({"Expires", "Date", "Content-Length", "X-Shop-Calls"})
