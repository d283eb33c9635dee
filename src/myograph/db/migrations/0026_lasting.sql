-- What must stay as it is: an administrator, and the key of the pseudonyms.

-- A transaction that reads what was committed before it began would find an administrator whom
-- another has removed since.
CREATE OR REPLACE FUNCTION app.keep_an_admin() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        RAISE EXCEPTION 'An administrator is changed in a transaction that is READ COMMITTED.' USING ERRCODE = 'MG412';
    END IF;
    -- Two admins who remove each other at once come one after the other, and the second is refused.
    PERFORM pg_advisory_xact_lock(hashtextextended('myograph administrators', 0));
    IF NOT EXISTS (SELECT FROM public.people p WHERE p.role = 'admin' AND p.active AND p.id <> OLD.id) THEN
        RAISE EXCEPTION 'This is the last administrator. Please make somebody else one first.'
            USING ERRCODE = 'MG412';
    END IF;
    RETURN NEW;
END
$$;

CREATE TABLE key_checks (
    purpose text PRIMARY KEY CHECK (purpose = 'pseudonyms'),
    digest  text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    since   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE  key_checks IS 'By what a program knows whether it was given the key that was used before.';
COMMENT ON COLUMN key_checks.purpose IS 'What the key is for: pseudonyms.';
COMMENT ON COLUMN key_checks.digest IS 'HMAC-SHA256 under the key, in hex, of a text that is no patient''s code. Not the key.';
COMMENT ON COLUMN key_checks.since IS 'When the key was first used.';
ALTER TABLE key_checks ENABLE ROW LEVEL SECURITY;
ALTER TABLE key_checks FORCE ROW LEVEL SECURITY;
REVOKE ALL ON key_checks FROM PUBLIC;
GRANT SELECT, INSERT (purpose, digest), UPDATE (digest, since) ON key_checks TO myograph_worker;
CREATE POLICY worker ON key_checks TO myograph_worker USING (true);
DO $$
DECLARE
    other text;
BEGIN
    FOR other IN SELECT rolname FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
    LOOP
        EXECUTE format('REVOKE ALL ON public.key_checks FROM %I', other);
    END LOOP;
END
$$;

GRANT CREATE ON SCHEMA app TO myograph_worker;
CREATE FUNCTION app.pseudonym_check() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT k.digest FROM public.key_checks k WHERE k.purpose = 'pseudonyms'
$$;
COMMENT ON FUNCTION app.pseudonym_check() IS 'The check value of the pseudonyms'' key, for a web that is starting; null before a worker has used it.';
ALTER FUNCTION app.pseudonym_check() OWNER TO myograph_worker;
REVOKE ALL ON FUNCTION app.pseudonym_check() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.pseudonym_check() TO myograph_web;
REVOKE CREATE ON SCHEMA app FROM myograph_worker;
