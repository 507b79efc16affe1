"""Kill -9 of the worker, the web server and Redis in mid-chat: nothing is lost."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
import redis
from celery import current_app

from accounts.models import Customer, Tenant, User
from chat.identity import sign_customer
from config import embedded, servers
from config.places import Places, make_places
from tests.clients import signed_in
from tests.conftest import as_superuser
from tests.faults.clients import Client, console, widget
from tests.scripted_openai import ScriptedOpenAI
from tests.stack import Stack, eventually, look_up, running

pytestmark = pytest.mark.usefixtures("live_db")

MEMORY = {
    "facts": [
        {
            "line": 0,
            "span": "18 Linden Row, Ghent",
            "kind": "fact",
            "key": "street_address",
            "value": "18 Linden Row, Ghent",
            "text": "Lives at 18 Linden Row, Ghent.",
            "polarity": "assert",
            "certainty": "plain",
            "date": "",
            "confidence": 0.9,
        }
    ],
    "summary": "Elena told her new address.",
    "topics": ["address"],
    "entities": ["Ghent"],
    "sentiment": "neutral",
    "pending_actions": [],
}
"""What the scripted model makes of the conversation."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A running product with a customer and an agent."""

    stack: Stack
    model: ScriptedOpenAI
    customer: Client
    session: str

    def page(self, path: str) -> str:
        """Return a page as the agent sees it."""
        response = httpx.get(
            self.stack.base_url + path, cookies={"sessionid": self.session}
        )
        assert response.status_code == httpx.codes.OK
        return response.text

    def close_conversation(self) -> None:
        """Resolve the customer's conversation, as the agent's button does."""
        token = "t" * 32
        response = httpx.post(
            f"{self.stack.base_url}/inbox/{self.customer.conversation}/close/",
            cookies={"sessionid": self.session, "csrftoken": token},
            headers={"X-CSRFToken": token, "Origin": self.stack.base_url},
        )
        assert response.status_code == httpx.codes.OK


@pytest.fixture
def elena_token(desk: Tenant, elena: Customer) -> str:
    """Proof of who she is, by her shop."""
    return sign_customer(desk, elena.external_id, elena.name)


@pytest.fixture
def session(alice: User) -> str:
    """The session of an agent who is signed in."""
    return signed_in(alice).cookies["sessionid"].value


ADDRESS = "I have moved to 18 Linden Row, Ghent."


@contextmanager
def chatting(
    request: pytest.FixtureRequest, token: str, session: str, **environment: str
) -> Iterator[Chat]:
    """Run web and worker with a scripted model, and connect a customer."""
    with ExitStack() as until_the_end:
        model = until_the_end.enter_context(ScriptedOpenAI())
        stack = until_the_end.enter_context(
            running(
                *("web", "worker"),
                failures=lambda: request.session.testsfailed,
                OPENAI_BASE_URL=model.base_url,
                OPENAI_API_KEY="scripted",
                **environment,
            )
        )
        customer = widget(stack, "linden", token)
        until_the_end.callback(customer.close)
        yield Chat(stack, model, customer, session)


@pytest.fixture
def chat(
    request: pytest.FixtureRequest, elena_token: str, session: str
) -> Iterator[Chat]:
    """A chat on the test's own Redis."""
    with chatting(request, elena_token, session) as chat:
        yield chat


def remembered() -> tuple[int, int, int]:
    """Count addresses, evidence and episodes."""
    [counts] = look_up(
        "select (select count(*) from memory_fact where key = 'street_address'),"
        " (select count(*) from memory_evidence),"
        " (select count(*) from memory_summary where kind = 'episode')"
    )
    return counts


# --- The web server ------------------------------------------------------------------


def test_a_web_server_killed_in_mid_reply_loses_no_message_and_owes_the_answer(
    chat: Chat,
) -> None:
    customer, model, stack = chat.customer, chat.model, chat.stack
    model.stream("Hello Elena.")
    customer.send("Good morning.")
    customer.until(lambda: customer.texts("assistant"))
    model.stream("Your laptop left on Monday and travels by rail", pause_s=0.3)
    customer.send("Where is my laptop?")
    customer.until(lambda: customer.deltas[-1:] and "laptop" in shown(customer))
    customer.send("I need it on Friday.")
    eventually(lambda: stored("customer")[-1] == "I need it on Friday.")
    # The line breaks before she has read that it is stored: she will send it again.
    customer.close()
    stack.kill("web")
    customer.send("Are you still there?")

    stack.start("web")
    customer.until(lambda: not customer.unacknowledged)
    assert statuses() == ["complete", "streaming"]
    model.stream("It comes on Thursday.", pause_s=0.1)
    customer.deltas.clear()
    let_the_lease_run_out()
    current_app.send_task("chat.tasks.answer_owed_turns")
    customer.until_it_says("It comes on Thursday.")
    assert len(customer.deltas) > 1, "the worker's reply streams to the web server"

    assert statuses() == ["complete", "interrupted", "complete"]
    said = [
        "Good morning.",
        "Where is my laptop?",
        "I need it on Friday.",
        "Are you still there?",
    ]
    assert customer.texts("customer") == said
    assert stored("customer") == said
    assert stored("assistant") == ["Hello Elena.", "", "It comes on Thursday."]
    asked = [m["content"] for m in model.requests[-1].body["messages"]]
    assert said[1:] == asked[-3:]


def shown(customer: Client) -> str:
    return "".join(delta["text"] for delta in customer.deltas)


def statuses() -> list[str]:
    """Return how whole the assistant's messages are."""
    rows = look_up(
        "select status from chat_message where author = 'assistant' order by seq"
    )
    return [status for (status,) in rows]


def stored(author: str) -> list[str]:
    """Return what somebody wrote, in order."""
    rows = look_up(
        "select text from chat_message where author = %s order by id", author
    )
    return [text for (text,) in rows]


def let_the_claim_run_out() -> None:
    """Let the schedule see at once what was sent to a queue that was away."""
    with as_superuser() as admin:
        admin.execute("update chat_conversation set consolidate_at = now()")


def let_the_lease_run_out() -> None:
    """Move the dead turn into the past, so that nobody has to wait for it."""
    with as_superuser() as admin:
        admin.execute(
            "update chat_conversation set turn_expires_at = now() - interval '1 s',"
            " last_message_at = now() - interval '1 minute'"
        )


# --- Redis ---------------------------------------------------------------------------

TILL_SUBSCRIBED_S = 1.0
"""Between two words: the channel layer looks for a lost Redis once a second."""


class PrivateRedis:
    """A Redis of the test's own, which it may kill; it comes back empty."""

    def __init__(self, directory: Path) -> None:
        self._where = Places(directory, directory, directory / "run")
        make_places(self._where)
        self.url = f"unix://{self._where.redis_socket}?db=0"
        self._client = redis.Redis.from_url(self.url)

    def start(self) -> None:
        servers.start_redis(self._where, durable=False)

    def kill(self) -> None:
        """Kill -9 it."""
        pid = self._client.info("server")["process_id"]
        self._client.close()
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not servers.redis_up(self._where))

    def stop(self) -> None:
        self._client.close()
        servers.stop_redis(self._where)

    def send_task(self, name: str) -> None:
        """Enqueue a task for the worker that serves this Redis."""
        url = embedded.celery_url(self.url)
        with current_app.connection_for_write(url=url) as connection:
            current_app.send_task(name, connection=connection)


@pytest.fixture
def own_redis() -> Iterator[PrivateRedis]:
    """A Redis that no other test uses."""
    with TemporaryDirectory(prefix="redis-") as directory:
        private = PrivateRedis(Path(directory))
        private.start()
        yield private
        private.stop()


@pytest.fixture
def own_chat(
    request: pytest.FixtureRequest,
    own_redis: PrivateRedis,
    elena_token: str,
    session: str,
) -> Iterator[Chat]:
    """A chat on a Redis of its own."""
    with chatting(request, elena_token, session, REDIS_URL=own_redis.url) as chat:
        yield chat


@pytest.fixture
def agent(own_chat: Chat) -> Iterator[Client]:
    """An agent who watches the conversation that the customer has begun."""
    own_chat.model.stream("Thank you, noted.")
    customer = own_chat.customer
    customer.send(ADDRESS)
    customer.until(lambda: customer.texts("assistant"))
    assert customer.conversation
    agent = console(own_chat.stack, own_chat.session, customer.conversation)
    agent.until(lambda: agent.texts("assistant"))
    yield agent
    agent.close()


def test_redis_killed_and_emptied_in_mid_chat_costs_time_and_nothing_else(
    own_redis: PrivateRedis, own_chat: Chat, agent: Client
) -> None:
    customer, model = own_chat.customer, own_chat.model
    own_redis.kill()
    model.stream("It comes on Thursday.")
    customer.send("When does my laptop come?")
    customer.until(lambda: not customer.unacknowledged)
    agent.send("She sounds hurried.", note=True)
    agent.until(lambda: not agent.unacknowledged)
    eventually(lambda: stored("assistant")[-1] == "It comes on Thursday.")
    for side in (customer, agent):
        side.ping()
        assert side.texts("customer")[-1] == "When does my laptop come?"
        assert side.texts("assistant")[-1] == "It comes on Thursday."
    assert "It comes on Thursday." in own_chat.page(f"/inbox/{agent.conversation}/")

    own_redis.start()
    model.stream("You are welcome, Elena.", pause_s=TILL_SUBSCRIBED_S)
    customer.send("Thank you!")
    for side in (customer, agent):
        side.until_it_says("You are welcome, Elena.")
        assert side.deltas, "live, without a ping"

    own_redis.kill()
    own_chat.close_conversation()
    own_redis.start()
    model.json_answer(MEMORY)
    let_the_claim_run_out()
    own_redis.send_task("chat.tasks.consolidate_due")
    eventually(lambda: remembered() == (1, 1, 1), timeout_s=120)
    assert customer.texts("customer") == stored("customer")


def test_a_chat_that_began_while_redis_was_away_is_live_after_the_next_ping(
    own_redis: PrivateRedis, own_chat: Chat
) -> None:
    customer, model = own_chat.customer, own_chat.model
    customer.ping()
    own_redis.kill()
    model.stream("Good morning, Elena.")
    customer.send("Good morning.")
    customer.until(lambda: not customer.unacknowledged)
    eventually(lambda: stored("assistant") == ["Good morning, Elena."])
    own_redis.start()
    customer.ping()
    assert customer.texts("assistant") == ["Good morning, Elena."]
    model.stream("It comes on Thursday.", pause_s=TILL_SUBSCRIBED_S)
    customer.send("When does my laptop come?")
    customer.until_it_says("It comes on Thursday.")
    assert customer.deltas, "live, without another ping"
