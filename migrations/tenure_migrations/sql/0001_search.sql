-- Text search: how a text is cut into words, for what is stored and for what is asked.
-- Every name in these functions is resolved when they are created, so no search_path changes what they do.

-- The rules for letters and case of Unicode, whatever the locale of the database is.
DO $$
BEGIN
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE 'Tenure needs a database in UTF8; this one is in %', current_setting('server_encoding')
            USING HINT = 'Create it with: CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0';
    ELSIF EXISTS (SELECT FROM pg_collation WHERE collname = 'pg_c_utf8') THEN
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

-- The one form of a text: composed and compatible (NFKC: full-width letters become plain ones), in lower case.
-- 130,000 characters are at most 520,000 bytes, and their words at most twice that: a tsvector holds 1,048,575.
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
-- Chinese, Japanese and Korean are written without spaces, or so that a word is found inside another: their runs
-- become overlapping pairs, and the last character of a run stands alone, so that every character begins a piece.
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

-- What is stored: every piece once, without places, because a search asks only whether a text holds the words.
CREATE FUNCTION tenure_search_words(value text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_to_tsvector(coalesce(array_agg(piece), '{}')) FROM tenure_search_pieces(tenure_search_form(value));
END;

-- What is asked: texts that hold, for every piece, a word that begins with it. A query without a word finds nothing.
-- A piece is letters and digits only, so it needs no quoting; the quotes keep words like `a` from being operators.
-- Past 1,000 characters a query is cut: tsquery has limits of its own, and a search must not fail.
CREATE FUNCTION tenure_search_query(value text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(string_agg(DISTINCT '''' || piece || ''':*', ' & ')::tsquery, ''::tsquery)
    FROM tenure_search_pieces(left(tenure_search_form(value), 1000))
    WHERE NOT implied;
END;

-- Under row-level security an index serves only operators that can't leak what they compare. `tsvector @@ tsquery`
-- raises no error and writes nothing that depends on its arguments, but PostgreSQL does not mark it so by itself.
DO $$
BEGIN
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        ALTER FUNCTION pg_catalog.ts_match_vq(tsvector, tsquery) LEAKPROOF;
    ELSE
        RAISE NOTICE 'text search reads whole tables: only a superuser may mark ts_match_vq(tsvector, tsquery) leakproof';
    END IF;
END
$$;
