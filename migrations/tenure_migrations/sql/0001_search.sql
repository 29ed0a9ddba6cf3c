-- Text search: how a text is cut into words, for what is stored and for what is asked.
-- No search_path changes what these functions do: restoring a dump computes generated columns anew.

-- The rules for letters and case of Unicode, whatever the locale of the database is.
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

-- The one form of a text: composed and compatible (NFKC makes full-width letters plain), in lower case.
-- 130,000 characters have 520,000 bytes at most, and their pieces twice that: a tsvector holds 1,048,575.
CREATE FUNCTION tenure_search_form(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT left(lower(normalize(left(value, 130000), NFKC) COLLATE tenure_unicode), 130000);
END;

-- The letters of Chinese, Japanese and Korean, as members of a bracket expression.
CREATE FUNCTION tenure_search_unspaced() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT '\u1100-\u11ff\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f'
        '\u3131-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff'
        '\uf900-\ufaff\U00020000-\U0003fffd';
END;

-- The pieces of a text in its one form. Words of letters and digits are kept whole, up to 255 characters.
-- Chinese, Japanese and Korean are written without spaces, or with words inside of words: their runs become
-- overlapping pairs, and the last character of a run stands alone, so that every character begins a piece.
-- Where a run has pairs, they say all that its last character says: it is marked as implied.
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

-- What is stored: every piece once, without places, because a search asks only whether a text holds it.
-- A short text with spaces needs no more than a split, which takes a fifth of the time: most texts are such.
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

-- What is asked: texts that hold, for every piece of the query, one that begins with it. A query without a
-- piece finds nothing. A piece has letters and digits only, so nothing in it has to be escaped.
-- Past 1,000 characters a query is cut: tsquery has limits of its own, and a search must not fail.
CREATE FUNCTION tenure_search_query(value text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(string_agg(DISTINCT '''' || piece || ''':*', ' & ')::tsquery, ''::tsquery)
    FROM tenure_search_pieces(left(tenure_search_form(value), 1000))
    WHERE NOT implied;
END;

-- Under row-level security an index serves only operators that can't leak what they compare. `@@` raises no
-- error and tells nothing that depends on the words, but PostgreSQL does not mark it so by itself.
DO $$
BEGIN
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        ALTER FUNCTION pg_catalog.ts_match_vq(tsvector, tsquery) LEAKPROOF;
    ELSE
        RAISE NOTICE 'text search will use no index: only a superuser may mark ts_match_vq leakproof';
    END IF;
END
$$;
