"""A spy on Redis: which keys and channels are used, and what is said over them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import redis
import redis.asyncio
import redis.asyncio.client
import redis.client

_TENANT = r"t[:.][0-9a-f]{32}[:.]"
# Keys that begin with no tenant, each with its reason.
ALLOWED = {
    rf"{_TENANT}": "a tenant's own",
    rf"layer__group__{_TENANT}": "a group of a tenant's sockets",
    r"layer(specific\.|__keepalive)": "one socket's own channel, named at random",
    rf"cache:\d+:({_TENANT}|health$)": "the health check, or a tenant's own",
    r"cache:\d+:allauth": "rate limits of the sign-in, before anybody is known",
    r"queue:": "Celery's queue: the names of tasks, and ids",
}
# What may carry a customer's words, as it is a tenant's own.
_OF_A_TENANT = re.compile(rf"(layer__group__|cache:\d+:)?{_TENANT}")
_ALLOWED = re.compile("|".join(f"(?:{pattern})" for pattern in ALLOWED))
# Commands without a key, and those whose first argument is none.
_KEYLESS = frozenset(
    [
        "AUTH",
        "CLIENT",
        "CLUSTER",
        "COMMAND",
        "CONFIG",
        "DBSIZE",
        "EXEC",
        "FLUSHALL",
        "FLUSHDB",
        "HELLO",
        "INFO",
        "MULTI",
        "PING",
        "SCAN",
        "SELECT",
        "UNWATCH",
        "DISCARD",
        "SCRIPT",
        "TIME",
        "ECHO",
        "READONLY",
    ]
)
_SCRIPTS = frozenset({"EVAL", "EVALSHA"})
_MANY = frozenset({"DEL", "UNLINK", "EXISTS", "MGET", "WATCH", "SUBSCRIBE", "TOUCH"})
_BLOCKING = frozenset({"BRPOP", "BLPOP", "BZPOPMIN"})


@dataclass
class Spied:
    """What was asked of Redis."""

    commands: list[tuple[Any, ...]] = field(default_factory=list)

    def wrong_keys(self) -> set[str]:
        """Keys that name no tenant and are not allowed without."""
        return {
            key
            for command in self.commands
            for key in keys(command)
            if not _ALLOWED.match(key)
        }

    def words_outside_of_tenants(self, mark: str) -> list[tuple[Any, ...]]:
        """Commands that say a marked text in a key that is no tenant's."""
        return [
            command
            for command in self.commands
            if mark in repr(command)
            and not all(_OF_A_TENANT.match(key) for key in keys(command))
        ]


def keys(command: tuple[Any, ...]) -> list[str]:
    """The keys and channels of one command."""
    name, *rest = (text(part) for part in command)
    name = name.upper().split()[0]
    if name in _KEYLESS or not rest:
        return []
    if name in _SCRIPTS:
        return rest[2 : 2 + int(rest[1])]
    if name in _MANY:
        return rest
    return rest[:-1] if name in _BLOCKING else rest[:1]


def text(part: Any) -> str:
    return part.decode(errors="replace") if isinstance(part, bytes) else str(part)


# Every way in which the clients of this process send a command.
_CLIENTS: tuple[type[Any], ...] = (
    redis.Redis,
    redis.client.PubSub,
    redis.client.Pipeline,
    redis.asyncio.Redis,
    redis.asyncio.client.PubSub,
    redis.asyncio.client.Pipeline,
)


@contextmanager
def spying() -> Iterator[Spied]:
    """Write down every command of every Redis client while the block runs."""
    spied = Spied()
    plain = {kind: kind.__dict__["execute_command"] for kind in _CLIENTS}

    def wrapped(method: Any) -> Any:
        def execute_command(self: Any, *args: Any, **options: Any) -> Any:
            spied.commands.append(args)
            return method(self, *args, **options)

        return execute_command

    for kind, method in plain.items():
        kind.execute_command = wrapped(method)
    try:
        yield spied
    finally:
        for kind, method in plain.items():
            kind.execute_command = method
