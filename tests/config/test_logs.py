"""What a line of the log tells, and what it keeps to itself."""

import logging
import sys
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from config.logs import DiscreetFormatter


def line(error: BaseException, message: str = "It failed", *args: Any) -> str:
    record = logging.LogRecord(
        "x", logging.ERROR, __file__, 1, message, args,
        (type(error), error, error.__traceback__),
    )  # fmt: skip
    return DiscreetFormatter("%(levelname)s %(message)s").format(record)


def caught(raise_it: Any) -> BaseException:
    try:
        raise_it()
    except BaseException:  # noqa: BLE001 - whatever it is, it is looked at
        return sys.exc_info()[1]  # type: ignore[return-value]  # there is one
    raise AssertionError


def test_a_traceback_tells_type_and_place_and_nobodys_words() -> None:
    def fail() -> None:
        words = "elena@example.org", "her card is 4111"
        try:
            raise ValueError(words[0])
        except ValueError as error:
            raise LookupError(words[1]) from error

    told = line(caught(fail))
    assert told.startswith("ERROR It failed\nTraceback")
    assert "builtins.LookupError (its message is not logged)" in told
    assert "builtins.ValueError (its message is not logged)" in told
    assert "test_logs.py" in told
    assert "elena@" not in told
    assert "4111" not in told


def test_a_database_error_does_not_quote_the_row(db: None) -> None:
    words = "elena@example.org"

    def ask() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select %s::uuid", [words])

    error = caught(ask)
    assert isinstance(error, DatabaseError)
    assert words in str(error)
    told = line(error)
    assert "django.db.utils.DataError (its message is not logged)" in told
    assert words not in told


def test_a_failed_task_does_not_tell_its_exceptions_message() -> None:
    words = "elena@example.org"
    error = caught(lambda: ["x"].index(words))
    told = line(
        error,
        "Task %(name)s raised unexpected: %(exc)s\n%(traceback)s",
        {
            "name": "chat.tasks.x",
            "exc": "ValueError('elena@example.org')",
            "traceback": "Traceback … ValueError: 'elena@example.org' is not in list",
        },
    )
    assert "Task chat.tasks.x raised unexpected: ValueError\n" in told
    assert words not in told


def test_every_handler_writes_so() -> None:
    logging_: dict[str, Any] = settings.LOGGING
    for handler in logging_["handlers"].values():
        used = logging_["formatters"][handler["formatter"]]
        assert used["()"] == "config.logs.DiscreetFormatter"
    # The server would bring a formatter of its own.
    assert logging_["loggers"]["uvicorn"]["handlers"] == ["stderr"]


def test_no_address_that_was_asked_for_is_logged() -> None:
    # Addresses hold search terms; settings come after the server's own switch for it.
    access = logging.getLogger("uvicorn.access")
    assert settings.LOGGING["loggers"]["uvicorn.access"]["handlers"] == []  # type: ignore[index]  # typed as object
    assert not access.propagate
    assert not access.isEnabledFor(logging.ERROR)


def test_no_visitors_address_is_logged() -> None:
    sockets = logging.getLogger("uvicorn.error")
    assert not sockets.isEnabledFor(logging.INFO)
    assert sockets.isEnabledFor(logging.WARNING)


@pytest.mark.usefixtures("db")
def test_a_view_that_fails_shows_and_logs_no_word_of_the_request(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.test import Client

    from chat import sites

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("canary-of-a-customer")

    monkeypatch.setattr(sites, "frame_ancestors", broken)
    from tests.conftest import make_tenant

    make_tenant("linden")
    client = Client(raise_request_exception=False)
    response = client.get("/widget/linden/?q=canary-query", {"token": "canary-token"})
    assert response.status_code == 500
    page = response.content.decode()
    assert "canary" not in page
    assert "Traceback" not in page
    format_ = DiscreetFormatter("%(message)s").format
    told = "\n".join(format_(record) for record in caplog.records)
    assert "RuntimeError" in told
    assert "canary-query" not in told
    assert "canary-token" not in told
    assert 'raise RuntimeError("canary-of-a-customer")' in told  # the source's line
    assert told.count("canary-of-a-customer") == 1
