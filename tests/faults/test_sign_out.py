"""Logging out while Redis is gone: the socket ends all the same."""

import time

import httpx
import pytest
from websockets import Origin
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from accounts.models import User
from tests.clients import signed_in
from tests.faults.test_kill import PrivateRedis, own_redis
from tests.stack import running

pytestmark = pytest.mark.usefixtures("live_db")

__all__ = ["own_redis"]


def test_a_logout_ends_an_idle_console_within_seconds_though_redis_is_dead(
    request: pytest.FixtureRequest, own_redis: PrivateRedis, alice: User
) -> None:
    session = signed_in(alice).cookies["sessionid"].value
    with running(
        "web", failures=lambda: request.session.testsfailed, REDIS_URL=own_redis.url
    ) as stack:
        address = stack.base_url.replace("http", "ws")
        with connect(
            f"{address}/ws/console/",
            origin=Origin(stack.base_url),
            additional_headers={"Cookie": f"sessionid={session}"},
            compression=None,
        ) as socket:
            socket.send('{"type": "ping"}')
            assert "pong" in str(socket.recv(timeout=5))
            own_redis.kill()
            token = "t" * 32
            left = httpx.post(
                f"{stack.base_url}/accounts/logout/",
                cookies={"sessionid": session, "csrftoken": token},
                headers={"X-CSRFToken": token, "Origin": stack.base_url},
            )
            assert left.status_code == httpx.codes.FOUND
            began = time.monotonic()
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=6)
            assert time.monotonic() - began < 5
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4401
        # And nobody is let in meanwhile.
        token = "t" * 32
        refused = httpx.post(
            f"{stack.base_url}/accounts/login/",
            data={"login": alice.email, "password": "guess"},
            cookies={"csrftoken": token},
            headers={"X-CSRFToken": token, "Origin": stack.base_url},
        )
        assert refused.status_code == httpx.codes.SERVICE_UNAVAILABLE
