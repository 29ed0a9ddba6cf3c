-- Text search: tokenization of stored texts and of queries. The functions do not depend on search_path, because
-- restoring a dump recomputes generated columns.

-- Character classes and case mapping of Unicode, independent of the locale of the database.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_collation WHERE collname = 'pg_c_utf8') THEN
        CREATE COLLATION tenure_unicode FROM pg_c_utf8;
    ELSIF EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu') THEN
        CREATE COLLATION tenure_unicode FROM "und-x-icu";
    ELSE
        EXECUTE format(
            'CREATE COLLATION tenure_unicode (provider = libc, locale = %L)',
            (SELECT datctype FROM pg_database WHERE datname = current_database())
        );
    END IF;
END
$$;

-- Normalizes a text: NFKC, which also maps full-width letters to ASCII, in lower case. The limit of 130,000
-- characters (520,000 bytes) keeps the tokens, at most twice that, within the 1,048,575 bytes of a tsvector.
CREATE FUNCTION tenure_search_form(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT left(lower(normalize(left(value, 130000), NFKC) COLLATE tenure_unicode), 130000);
END;

-- The characters of Chinese, Japanese and Korean, as ranges of a bracket expression.
CREATE FUNCTION tenure_search_unspaced() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT '\u1100-\u11ff\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f'
        '\u3131-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff'
        '\uf900-\ufaff\U00020000-\U0003fffd';
END;

-- The tokens of a normalized text. A word of letters and digits is one token of at most 255 characters. A run of
-- Chinese, Japanese and Korean characters, which has no spaces between words, becomes overlapping pairs and its last
-- character, so that each character begins a token. The last character is marked as implied if the run has pairs,
-- because a query that contains the pairs does not need it.
CREATE FUNCTION tenure_search_pieces(form text) RETURNS TABLE (piece text, implied boolean)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT left(word, 255), false
    FROM regexp_split_to_table(
        form, '(?:[^[:alnum:]]|[' || tenure_search_unspaced() || '])+' COLLATE tenure_unicode
    ) AS word
    WHERE word <> ''
    UNION ALL
    SELECT pair.piece, pair.implied
    FROM regexp_matches(form, '[' || tenure_search_unspaced() || ']+', 'g') AS run,
    LATERAL (
        SELECT
            letter || lead(letter, 1, '') OVER run_order AS piece,
            place > 1 AND lead(letter) OVER run_order IS NULL AS implied
        FROM unnest(string_to_array(run[1], NULL)) WITH ORDINALITY AS letters (letter, place)
        WINDOW run_order AS (ORDER BY place)
    ) AS pair;
END;

-- The stored tokens, without positions, because the search does not rank or match phrases. Most texts are short and
-- contain no Chinese, Japanese or Korean: they are only split, which takes a fifth of the time.
CREATE FUNCTION tenure_search_words(value text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    form text := public.tenure_search_form(value);
BEGIN
    IF length(form) <= 255 AND form !~ ('[' || public.tenure_search_unspaced() || ']') THEN
        RETURN array_to_tsvector(
            array_remove(regexp_split_to_array(form, '[^[:alnum:]]+' COLLATE public.tenure_unicode), '')
        );
    END IF;
    RETURN (
        SELECT array_to_tsvector(coalesce(array_agg(piece), '{}')) FROM public.tenure_search_pieces(form)
    );
END
$$;

-- The query that matches texts with, for each token of the given text, a token that begins with it. A text without
-- tokens matches nothing. Tokens consist of letters and digits and need no escaping. The text is truncated to 1,000
-- characters, so that the query does not exceed the limits of tsquery.
CREATE FUNCTION tenure_search_query(value text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(string_agg(DISTINCT '''' || piece || ''':*', ' & ')::tsquery, ''::tsquery)
    FROM tenure_search_pieces(left(tenure_search_form(value), 1000))
    WHERE NOT implied;
END;

-- Under row-level security, PostgreSQL uses an index only for leakproof operators. `@@` is one in fact, as it raises
-- no error that depends on its arguments, but PostgreSQL does not mark it so.
DO $$
BEGIN
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        ALTER FUNCTION pg_catalog.ts_match_vq(tsvector, tsquery) LEAKPROOF;
    ELSE
        RAISE NOTICE 'text search will use no index: only a superuser may mark ts_match_vq leakproof';
    END IF;
END
$$;
