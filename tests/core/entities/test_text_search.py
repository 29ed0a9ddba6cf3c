"""Text search: matches in several languages and scripts, and robustness against any text."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure_core.access.identity import Actor

Connection = psycopg.Connection[Any]

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)
HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x4E20), min_size=1, max_size=12)
"""Texts of a few characters, which therefore repeat."""

several_times = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def connection(database_url: str) -> Iterator[Connection]:
    with psycopg.connect(database_url, autocommit=True) as opened:
        yield opened


def is_match(connection: Connection, query: str, text: str) -> bool:
    [(result,)] = connection.execute(
        "SELECT tenure_search_words(%s) @@ tenure_search_query(%s)", (text, query)
    )
    return bool(result)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("acme", "Acme Steel Works"),
        ("ACME", "acme steel works"),
        ("ste", "Acme Steel Works"),
        ("steel acme", "Acme Steel Works"),
        ("works, acme!", "Acme Steel Works"),
        ("jo@acme.example", "Jo <jo@acme.example>"),
        ("acme.example", "https://www.acme.example/about"),
        ("o'brien", "Miles O'Brien"),
        ("brien", "Miles O'Brien"),
        ("a\\b", "a\\b"),
        ("3m", "3M Deutschland"),
        ("MÜLLER", "müller & söhne"),
        ("müller", "MÜLLER"),
        ("μετρο", "ΜΕΤΡΟ Αθηνών"),
        ("москва", "МОСКВА"),
        ("ＡＣＭＥ", "Acme"),
        ("cafe\u0301", "Café Central"),
        ("科技", "北京科技有限公司"),
        ("北京科技有限公司", "北京科技有限公司"),
        ("司", "北京科技有限公司"),
        ("北", "北京科技有限公司"),
        ("京科", "北京科技有限公司"),
        ("北京 有限", "北京科技有限公司"),
        ("abc公司", "ABC公司"),
        ("公司 abc", "ABC公司"),
        ("1号", "上海路1号"),
        ("𠮷野", "𠮷野家"),
        ("カフェ", "東京カフェ"),
        ("ｶﾌｪ", "東京カフェ"),
        ("コーヒー", "アイスコーヒー"),
        ("さくら", "さくら銀行"),
        ("전자", "삼성전자 주식회사"),
        ("삼", "삼성전자"),
    ],
)
def test_a_query_matches_the_text(connection: Connection, query: str, text: str) -> None:
    assert is_match(connection, query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("teel", "Acme Steel Works"),
        ("acme gold", "Acme Steel Works"),
        ("技科", "北京科技有限公司"),
        ("北科", "北京科技有限公司"),
        ("北京公司", "北京科技有限公司"),
        ("京 海", "北京科技有限公司"),
        ("abc公司", "公司"),
        ("전성", "삼성전자"),
    ],
)
def test_a_query_does_not_match_the_text(connection: Connection, query: str, text: str) -> None:
    assert not is_match(connection, query, text)


@pytest.mark.parametrize("query", ["", " ", "!?", "'", "\\", "&|!():*", "—", "、。", "\u200b", "\n"])
def test_a_query_without_words_matches_nothing(connection: Connection, query: str) -> None:
    assert not is_match(connection, query, "anything & everything ' \\ !? — 、。")
    assert not is_match(connection, query, "")


@pytest.mark.parametrize(
    ("query", "tsquery"),
    [
        ("Acme", "'acme':*"),
        ("acme, ACME", "'acme':*"),
        ("北", "'北':*"),
        ("北京科", "'京科':* & '北京':*"),
    ],
)
def test_a_query_contains_no_redundant_tokens(connection: Connection, query: str, tsquery: str) -> None:
    [(result,)] = connection.execute("SELECT tenure_search_query(%s)::text", (query,))
    assert result == tsquery


def test_a_query_without_words_causes_no_notice(connection: Connection) -> None:
    notices: list[str] = []
    connection.add_notice_handler(lambda notice: notices.append(str(notice.message_primary)))
    is_match(connection, "!?", "anything")
    assert notices == []


@several_times
@given(query=TEXTS, text=TEXTS)
def test_no_text_and_no_query_causes_an_error(connection: Connection, query: str, text: str) -> None:
    is_match(connection, query, text)


@several_times
@given(text=HAN, data=st.data())
def test_every_substring_of_a_chinese_text_matches_it(
    connection: Connection, text: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assert is_match(connection, text[start:end], f"x{text}。{text}")


@several_times
@given(text=HAN, other=HAN)
def test_a_chinese_query_matches_only_texts_with_all_its_characters(
    connection: Connection, text: str, other: str
) -> None:
    if is_match(connection, other, text):
        assert set(other) <= set(text)


@several_times
@given(
    words=st.lists(st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True), min_size=1, max_size=8), data=st.data()
)
def test_prefixes_of_its_words_match_a_text(
    connection: Connection, words: list[str], data: st.DataObject
) -> None:
    chosen = data.draw(st.lists(st.sampled_from(words), min_size=1))
    query = " ".join(word[: data.draw(st.integers(1, len(word)))] for word in chosen)
    assert is_match(connection, query, "; ".join(words).upper())


@several_times
@given(text=TEXTS)
def test_short_and_long_texts_have_the_same_tokens(connection: Connection, text: str) -> None:
    [(short, long)] = connection.execute(
        "SELECT tenure_search_words(%s), tenure_search_words(%s || repeat(' ', 300))", (text, text)
    )
    assert short == long


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "x " * 500_000,
        "".join(chr(0x20000 + n % 42_000) + chr(0x20000 + n * 7919 % 42_000) for n in range(200_000)),
        "\ufdfa" * 200_000,
        "".join(f"{n} " for n in range(200_000)),
        "'\\:*&|!()<->" * 20_000,
    ],
    ids=["one word", "one word often", "rare characters", "ligatures that grow", "many words", "operators"],
)
def test_a_huge_text_is_truncated(connection: Connection, text: str) -> None:
    is_match(connection, text, text)


def test_a_search_by_the_service_uses_the_index(connection: Connection, actor: Actor) -> None:
    """Under row-level security, PostgreSQL uses the index only for leakproof operators."""
    many = "INSERT INTO account (tenant_id, name) SELECT %s, md5(n::text) FROM generate_series(1, 2000) n"
    connection.execute(many, (actor.tenant_id,))
    connection.execute("ANALYZE account")
    with connection.transaction():
        connection.execute("SELECT set_config('tenure.tenant_id', %s, true)", (str(actor.tenant_id),))
        connection.execute("SET LOCAL ROLE tenure_app")
        connection.execute("SET LOCAL enable_seqscan = off")
        plan = connection.execute(
            "EXPLAIN SELECT FROM account WHERE search @@ tenure_search_query('acme')"
        ).fetchall()
    assert "ix_account_search" in str(plan)


def test_an_update_changes_the_tokens_of_a_record(connection: Connection, actor: Actor) -> None:
    [(contact,)] = connection.execute(
        "INSERT INTO contact (tenant_id, first_name, last_name) VALUES (%s, 'Lin', '王') RETURNING id",
        (actor.tenant_id,),
    )
    assert is_contact_match(connection, contact, "lin 王")
    connection.execute("UPDATE contact SET first_name = NULL, title = 'Chief' WHERE id = %s", (contact,))
    assert not is_contact_match(connection, contact, "lin 王")
    assert is_contact_match(connection, contact, "王 chief")


def is_contact_match(connection: Connection, contact: uuid.UUID, query: str) -> bool:
    cursor = connection.execute(
        "SELECT FROM contact WHERE id = %s AND search @@ tenure_search_query(%s)", (contact, query)
    )
    return cursor.fetchone() is not None
