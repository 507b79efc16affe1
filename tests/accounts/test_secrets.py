"""Secrets at rest: ciphertext in the database, readable with the operator's keys."""

import json
import pickle
from collections import Counter
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django.fixtures import Settings

from accounts import rotation, secrets
from accounts.models import Tenant, User
from accounts.scope import identity_scope, tenant_scope
from accounts.secrets import SecretUnreadableError, decrypt, encrypt
from chat.models import HttpTool
from tests.conftest import as_superuser

OLD = "an old passphrase of the operator's, long enough"
NEW = Fernet.generate_key().decode()
HEADER = "Bearer shop-key-9c1f"


@pytest.fixture
def tool(desk: Tenant) -> HttpTool:
    with tenant_scope(desk.id):
        made: HttpTool = HttpTool.objects.create(
            tenant=desk,
            name="orders",
            parameters={},
            url="https://shop.example/",
            header_name="Authorization",
            header_value=HEADER,
        )
        return made


def stored(desk: Tenant) -> list[str]:
    """What the columns hold, past the field."""
    found = []
    with tenant_scope(desk.id), connection.cursor() as cursor:
        for sql in (
            "select widget_secret from accounts_tenant",
            "select header_value from chat_httptool",
        ):
            cursor.execute(sql)
            found += [row[0] for row in cursor.fetchall()]
    return found


def secrets_of(desk: Tenant) -> tuple[str, str]:
    with tenant_scope(desk.id):
        again = Tenant.objects.get(pk=desk.pk)
        return again.widget_secret, HttpTool.objects.get().header_value


def rotate() -> str:
    out = StringIO()
    call_command("rotate_secrets", stdout=out)
    return out.getvalue()


def test_a_secret_comes_back_and_is_another_ciphertext_each_time() -> None:
    first, second = encrypt("tëxt"), encrypt("tëxt")
    assert first != second
    assert decrypt(first) == decrypt(second) == "tëxt"
    assert "tëxt" not in first


def test_a_key_is_a_fernet_key_or_a_long_passphrase(settings: Settings) -> None:
    settings.SECRETS_KEYS = [NEW]
    assert Fernet(NEW).decrypt(encrypt("x").encode()) == b"x"
    settings.SECRETS_KEYS = [OLD]
    assert decrypt(encrypt("x")) == "x"
    settings.SECRETS_KEYS = ["short"]
    with pytest.raises(ImproperlyConfigured, match="at least 32"):
        encrypt("x")


def test_without_keys_of_their_own_secrets_are_under_the_secret_key(
    settings: Settings,
) -> None:
    settings.SECRETS_KEYS = []
    sealed = encrypt("x")
    settings.SECRETS_KEYS = [NEW, settings.SECRET_KEY]
    assert decrypt(sealed) == "x"


def test_a_missing_key_is_named_and_the_secret_is_not(
    settings: Settings,
) -> None:
    sealed = encrypt("swordfish")
    settings.SECRETS_KEYS = [NEW]
    with pytest.raises(SecretUnreadableError, match="SECRETS_KEYS") as raised:
        decrypt(sealed)
    assert "swordfish" not in str(raised.value)
    assert sealed not in str(raised.value)


def test_the_columns_hold_ciphertext_alone(desk: Tenant, tool: HttpTool) -> None:
    secret, header = secrets_of(desk)
    assert header == HEADER
    assert len(secret) > 40
    for text in stored(desk):
        assert secrets.looks_encrypted(text)
        assert secret not in text
        assert HEADER not in text


def test_an_update_past_the_object_is_encrypted_too(
    desk: Tenant, tool: HttpTool
) -> None:
    with tenant_scope(desk.id):
        HttpTool.objects.update(header_value="Bearer another")
    assert secrets_of(desk)[1] == "Bearer another"
    assert all("another" not in text for text in stored(desk))


def test_no_secret_stays_none(desk: Tenant, tool: HttpTool) -> None:
    with tenant_scope(desk.id):
        HttpTool.objects.update(header_value="")
    assert secrets_of(desk)[1] == ""
    assert "" in stored(desk)


def test_nothing_that_walks_an_object_sees_a_secret(
    desk: Tenant, tool: HttpTool
) -> None:
    with tenant_scope(desk.id):
        loaded = HttpTool.objects.get()
        assert loaded.header_value == HEADER
        for shown in (
            repr(vars(loaded)),
            repr(vars(tool)),
            str(loaded),
            serializers.serialize("json", [loaded, desk]),
            repr(HttpTool.objects.values()),
            str(pickle.dumps(loaded)),
        ):
            assert HEADER not in shown
            assert desk.widget_secret not in shown


def test_a_secret_cannot_be_searched_for(desk: Tenant, tool: HttpTool) -> None:
    with tenant_scope(desk.id), pytest.raises(FieldError, match="encrypted"):
        HttpTool.objects.filter(header_value=HEADER).exists()


def test_a_tenant_whose_key_is_gone_is_still_there(
    desk: Tenant, settings: Settings
) -> None:
    settings.SECRETS_KEYS = [NEW]
    with tenant_scope(desk.id):
        found = Tenant.objects.get()
        found.name = "Renamed"
        found.save()
        with pytest.raises(SecretUnreadableError):
            _ = found.widget_secret
    settings.SECRETS_KEYS = []
    with tenant_scope(desk.id):
        assert Tenant.objects.get().widget_secret == desk.widget_secret


def test_after_a_rotation_the_old_key_can_go(
    desk: Tenant, other_desk: Tenant, tool: HttpTool, settings: Settings
) -> None:
    before, theirs = secrets_of(desk), other_desk.widget_secret
    settings.SECRETS_KEYS = [NEW, settings.SECRET_KEY]
    said = rotate()
    assert "accounts.Tenant.widget_secret: 2 of 2 encrypted again" in said
    assert "chat.HttpTool.header_value: 1 of 1 encrypted again" in said
    settings.SECRETS_KEYS = [NEW]
    assert secrets_of(desk) == before
    with tenant_scope(other_desk.id):
        assert Tenant.objects.get().widget_secret == theirs


def test_a_rotation_can_be_repeated(
    desk: Tenant, tool: HttpTool, settings: Settings
) -> None:
    settings.SECRETS_KEYS = [NEW, settings.SECRET_KEY]
    rotate()
    once = stored(desk)
    assert "accounts.Tenant.widget_secret: 0 of 1 encrypted again" in rotate()
    assert stored(desk) == once


def test_a_rotation_without_the_old_key_changes_nothing(
    desk: Tenant, tool: HttpTool, settings: Settings
) -> None:
    before = stored(desk)
    settings.SECRETS_KEYS = [NEW]
    with pytest.raises(CommandError, match="SECRETS_KEYS"):
        rotate()
    assert stored(desk) == before


def test_secrets_within_json_are_rotated_where_they_stand(
    settings: Settings,
) -> None:
    value = {"secret": encrypt("totp"), "codes": [encrypt("1"), "plain"], "used": 3}
    settings.SECRETS_KEYS = [NEW, settings.SECRET_KEY]
    found: Counter[str] = Counter()
    turned = rotation._rotated(value, found)
    settings.SECRETS_KEYS = [NEW]
    assert decrypt(turned["secret"]) == "totp"
    assert decrypt(turned["codes"][0]) == "1"
    assert turned["codes"][1:] == ["plain"]
    assert turned["used"] == 3
    assert found == {"secrets": 2, "rotated": 2}


def test_the_migration_encrypts_what_was_plain_in_every_tenant(
    desk: Tenant, other_desk: Tenant, tool: HttpTool
) -> None:
    plain = {desk.id: "plain-one", other_desk.id: "plain-two"}
    with connection.cursor() as cursor:
        for tenant_id, text in plain.items():
            with tenant_scope(tenant_id):
                cursor.execute("update accounts_tenant set widget_secret = %s", [text])
        # Its last look, past every policy, needs the owner, who migrates.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rotation, "_assert_none_left", lambda *_: None)
            for expected in (2, 0):
                done = rotation.encrypt_column(
                    table="accounts_tenant",
                    column="widget_secret",
                    tenant_column="id",
                )
                assert done == expected
    for tenant_id, text in plain.items():
        with tenant_scope(tenant_id):
            assert Tenant.objects.get().widget_secret == text


def test_the_migration_fails_when_a_row_was_out_of_its_reach(live_db: None) -> None:
    from tests.conftest import make_tenant

    desk = make_tenant("linden")
    column = "accounts_tenant", "widget_secret"
    with as_superuser() as admin:
        rotation._assert_none_left(admin.cursor(), *column)
        admin.execute("update accounts_tenant set widget_secret = 'plain'")
        with pytest.raises(RuntimeError, match="1 values of accounts_tenant"):
            rotation._assert_none_left(admin.cursor(), *column)
    with tenant_scope(desk.id):
        assert Tenant.objects.count() == 1


def test_a_dump_of_the_database_holds_no_secret(live_db: None) -> None:
    from tests.conftest import make_tenant

    desk = make_tenant("linden")
    with tenant_scope(desk.id):
        HttpTool.objects.create(
            tenant=desk, name="x", parameters={}, url="x", header_value=HEADER
        )
    with as_superuser() as admin:
        tables = admin.execute(
            "select format('%I', tablename) from pg_tables where schemaname = 'public'"
        ).fetchall()
        dump = json.dumps(
            [
                admin.execute(f"select to_jsonb(t) from {name} t").fetchall()
                for (name,) in tables
            ]
        )
    assert "linden" in dump
    assert desk.widget_secret not in dump
    assert HEADER not in dump


def test_signing_in_needs_no_secret(alice: User, settings: Settings) -> None:
    settings.SECRETS_KEYS = [NEW]
    with identity_scope():
        assert User.objects.select_related("tenant").get(pk=alice.pk).tenant.slug
