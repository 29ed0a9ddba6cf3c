"""Text search: what is found by what, in the languages that people write; and that no text makes it fail."""

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
"""Few characters, so that they repeat."""

several_times = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def connection(database_url: str) -> Iterator[Connection]:
    with psycopg.connect(database_url, autocommit=True) as opened:
        yield opened


def finds(connection: Connection, query: str, text: str) -> bool:
    [(found,)] = connection.execute(
        "SELECT tenure_search_words(%s) @@ tenure_search_query(%s)", (text, query)
    )
    return bool(found)


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
def test_a_text_is_found_by(connection: Connection, query: str, text: str) -> None:
    assert finds(connection, query, text)


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
def test_a_text_is_not_found_by(connection: Connection, query: str, text: str) -> None:
    assert not finds(connection, query, text)


@pytest.mark.parametrize("query", ["", " ", "!?", "'", "\\", "&|!():*", "—", "、。", "\u200b", "\n"])
def test_a_query_without_words_finds_nothing_and_not_even_by_not(connection: Connection, query: str) -> None:
    assert not finds(connection, query, "anything & everything ' \\ !? — 、。")
    assert not finds(connection, query, "")


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("Acme", "'acme':*"),
        ("acme, ACME", "'acme':*"),
        ("北", "'北':*"),
        ("北京科", "'京科':* & '北京':*"),
    ],
)
def test_a_query_asks_for_no_more_than_it_must(connection: Connection, query: str, asked: str) -> None:
    [(found,)] = connection.execute("SELECT tenure_search_query(%s)::text", (query,))
    assert found == asked


def test_a_query_without_words_says_nothing_to_the_client(connection: Connection) -> None:
    heard: list[str] = []
    connection.add_notice_handler(lambda notice: heard.append(str(notice.message_primary)))
    finds(connection, "!?", "anything")
    assert heard == []


@several_times
@given(query=TEXTS, text=TEXTS)
def test_no_text_and_no_query_fails(connection: Connection, query: str, text: str) -> None:
    finds(connection, query, text)


@several_times
@given(text=HAN, data=st.data())
def test_every_part_of_a_chinese_text_finds_it(
    connection: Connection, text: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assert finds(connection, text[start:end], f"x{text}。{text}")


@several_times
@given(text=HAN, other=HAN)
def test_a_chinese_query_finds_only_texts_with_all_its_characters(
    connection: Connection, text: str, other: str
) -> None:
    if finds(connection, other, text):
        assert set(other) <= set(text)


@several_times
@given(
    words=st.lists(st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True), min_size=1, max_size=8), data=st.data()
)
def test_the_beginnings_of_its_words_find_a_text(
    connection: Connection, words: list[str], data: st.DataObject
) -> None:
    chosen = data.draw(st.lists(st.sampled_from(words), min_size=1))
    query = " ".join(word[: data.draw(st.integers(1, len(word)))] for word in chosen)
    assert finds(connection, query, "; ".join(words).upper())


@several_times
@given(text=TEXTS)
def test_short_and_long_texts_are_cut_alike(connection: Connection, text: str) -> None:
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
def test_a_huge_text_is_cut_short_and_does_not_fail(connection: Connection, text: str) -> None:
    finds(connection, text, text)


def test_a_search_of_the_service_can_use_the_index(connection: Connection, actor: Actor) -> None:
    """Where an operator may leak, row-level security forbids it the index at any price."""
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


def test_the_words_of_a_record_follow_its_columns(connection: Connection, actor: Actor) -> None:
    [(contact,)] = connection.execute(
        "INSERT INTO contact (tenant_id, first_name, last_name) VALUES (%s, 'Lin', '王') RETURNING id",
        (actor.tenant_id,),
    )
    assert found_contact(connection, contact, "lin 王")
    connection.execute("UPDATE contact SET first_name = NULL, title = 'Chief' WHERE id = %s", (contact,))
    assert not found_contact(connection, contact, "lin 王")
    assert found_contact(connection, contact, "王 chief")


def found_contact(connection: Connection, contact: uuid.UUID, query: str) -> bool:
    found = connection.execute(
        "SELECT FROM contact WHERE id = %s AND search @@ tenure_search_query(%s)", (contact, query)
    )
    return found.fetchone() is not None
