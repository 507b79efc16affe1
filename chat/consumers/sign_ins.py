"""Ends console sockets whose sign-in has ended, within seconds and without Redis.

A socket outlives the request that opened it: logout, suspension, another role or
password do not reach it by themselves. A push tells at once; for those that are lost,
one poll in each process looks all of its sockets up together.
"""

import asyncio
import hashlib
import logging
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self
from uuid import UUID
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from django.db import Error, close_old_connections, connection

from accounts.models import User
from accounts.policies import Power, may
from accounts.scope import identity_scope

logger = logging.getLogger(__name__)

# A sign-in ends its sockets within 5 s: the pause, the query, and a second to spare.
POLL_S = (2.5, 3.5)


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a socket was opened with.

    Attributes:
        session_key: Logging out deletes this session.
        fingerprint: Changes with the user's password, role and suspension.
    """

    session_key: str
    user_id: UUID
    fingerprint: str

    @classmethod
    def of(cls, session: Any, user: User) -> Self:
        """Return the sign-in of a handshake's session."""
        state = hashlib.sha256(user.sign_in_state.encode()).hexdigest()
        return cls(session.session_key or "", user.pk, state)


class Signed(Protocol):
    """A socket that somebody signed in for."""

    sign_in: SignIn | None

    async def end(self) -> None:
        """Close it."""


# The database compares: with ten thousand sockets nothing but what has ended travels.
_ENDED = """
select known.at
  from unnest(%s::text[], %s::uuid[], %s::text[])
       with ordinality as known(session_key, user_id, fingerprint, at)
  left join django_session session
         on session.session_key = known.session_key and session.expire_date > now()
  left join accounts_user staff
         on staff.id = known.user_id and staff.is_active and staff.role = any(%s)
        and known.fingerprint = encode(sha256(convert_to(
              staff.password || ':' || staff.role || ':' || staff.sign_in_epoch, 'UTF8'
            )), 'hex')
 where session.session_key is null or staff.id is null
"""


def ended_among(sign_ins: Sequence[SignIn]) -> set[SignIn]:
    """Return those that do not hold any more: one query, however many there are."""
    with identity_scope(), connection.cursor() as cursor:
        cursor.execute(
            _ENDED,
            [
                [sign_in.session_key for sign_in in sign_ins],
                [sign_in.user_id for sign_in in sign_ins],
                [sign_in.fingerprint for sign_in in sign_ins],
                [str(role) for role in User.Role if may(User(role=role), Power.CHAT)],
            ],
        )
        return {sign_ins[at - 1] for (at,) in cursor.fetchall()}


class Watch:
    """Looks the sign-ins of one process' sockets up: all now and then, some on demand.

    Those who ask while a look-up runs share the next one.
    """

    def __init__(self) -> None:
        self._sockets: set[Signed] = set()
        self._asking: dict[Signed, asyncio.Future[bool]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def add(self, socket: Signed) -> None:
        """Look this socket up from now on."""
        self._sockets.add(socket)
        self._run("poll", self._poll)

    def remove(self, socket: Signed) -> None:
        """Forget a socket that is closed."""
        self._sockets.discard(socket)

    async def holds(self, socket: Signed) -> bool:
        """Return whether a socket's sign-in holds; ends the socket when it does not.

        Raises:
            Error: The database did not answer.
        """
        if socket not in self._asking:
            self._asking[socket] = asyncio.get_running_loop().create_future()
        future = self._asking[socket]
        self._run("answer", self._answer)
        return await asyncio.shield(future)

    def _run(self, name: str, work: Any) -> None:
        task = self._tasks.get(name)
        if task is None or task.done():
            self._tasks[name] = asyncio.create_task(work())

    async def _answer(self) -> None:
        while self._asking:
            batch, self._asking = self._asking, {}
            try:
                ended = await self._end(batch)
            except Error as error:
                for future in batch.values():
                    future.set_exception(error)
            else:
                for socket, future in batch.items():
                    future.set_result(socket not in ended)

    async def _poll(self) -> None:
        while self._sockets:
            await asyncio.sleep(random.uniform(*POLL_S))  # noqa: S311  # spreads load
            try:
                await self._end(self._sockets)
            except Error as error:
                logger.warning("Sign-ins were not looked up: %s", type(error).__name__)

    async def _end(self, sockets: Iterable[Signed]) -> set[Signed]:
        by_sign_in = [(s, s.sign_in) for s in sockets if s.sign_in is not None]
        ended = await _ended_among([sign_in for _, sign_in in by_sign_in])
        closing = {socket for socket, sign_in in by_sign_in if sign_in in ended}
        self._sockets -= closing
        await asyncio.gather(
            *(socket.end() for socket in closing), return_exceptions=True
        )
        return closing


@sync_to_async(thread_sensitive=False)
def _ended_among(sign_ins: list[SignIn]) -> set[SignIn]:
    try:
        return ended_among(sign_ins)
    finally:
        close_old_connections()


_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, Watch] = WeakKeyDictionary()


def watch() -> Watch:
    """Return the watch of the running event loop; a server has one."""
    return _watches.setdefault(asyncio.get_running_loop(), Watch())
