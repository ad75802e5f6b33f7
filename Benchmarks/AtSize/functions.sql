-- Room number i's code: all over the alphabet, and no two the same.
CREATE OR REPLACE FUNCTION public.at_size_code(i bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT substr(s, 1, 3) || '-' || substr(s, 4, 4) || '-' || substr(s, 8, 3)
    FROM (SELECT string_agg(chr(97 + (i * 1234567891 / power(26, p)::bigint % 26)::int), '') AS s
          FROM generate_series(0, 9) p) letters
$$;
