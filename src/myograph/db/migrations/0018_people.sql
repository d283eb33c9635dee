-- People who come in: sign-ins that can be ended, links that are used once, tokens for programs.
-- Secrets are never stored: of each only its SHA-256, in hex.

GRANT CREATE ON SCHEMA app TO myograph_accounts;

CREATE TABLE sign_ins (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    person_id  uuid NOT NULL REFERENCES people,
    begun_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    until      timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at   timestamptz,
    CHECK (until > begun_at)
);
CREATE INDEX sign_ins_person ON sign_ins (person_id, until);
COMMENT ON TABLE  sign_ins IS 'One for each time that somebody signed in. Reached by functions alone; kept for 30 days after its end.';
COMMENT ON COLUMN sign_ins.id IS 'What the cookie says, signed.';
COMMENT ON COLUMN sign_ins.person_id IS 'Who.';
COMMENT ON COLUMN sign_ins.begun_at IS 'When.';
COMMENT ON COLUMN sign_ins.until IS 'It counts no longer than this, whatever the person does.';
COMMENT ON COLUMN sign_ins.seen_at IS 'When the person last did something, to about a minute.';
COMMENT ON COLUMN sign_ins.ended_at IS 'Since when it counts no more: signed out, password changed, account closed. Null: it was not ended.';

CREATE TABLE welcome_links (
    secret_hash text PRIMARY KEY CHECK (secret_hash ~ '^[0-9a-f]{64}$'),
    person_id   uuid REFERENCES people,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);
CREATE INDEX welcome_links_person ON welcome_links (person_id);
COMMENT ON TABLE  welcome_links IS 'Links with which a person sets login and password, each good once. Reached by functions alone.';
COMMENT ON COLUMN welcome_links.secret_hash IS 'SHA-256 of the secret in the link''s address, in hex.';
COMMENT ON COLUMN welcome_links.person_id IS 'Whose it is. Null: whoever has it becomes the first administrator, while there is none.';
COMMENT ON COLUMN welcome_links.created_at IS 'When it was made.';
COMMENT ON COLUMN welcome_links.expires_at IS 'From then on it is good for nothing.';
COMMENT ON COLUMN welcome_links.used_at IS 'When it was used; null while it was not.';

CREATE TABLE api_tokens (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    person_id    uuid NOT NULL REFERENCES people,
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    secret_hash  text NOT NULL UNIQUE CHECK (secret_hash ~ '^[0-9a-f]{64}$'),
    scopes       text[] NOT NULL CHECK (scopes <@ ARRAY['read', 'upload', 'write', 'export'] AND cardinality(scopes) > 0),
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at   timestamptz,
    CHECK (expires_at > created_at AND expires_at <= created_at + interval '366 days')
);
CREATE INDEX api_tokens_person ON api_tokens (person_id, created_at);
COMMENT ON TABLE  api_tokens IS 'What programs use in a person''s name, for as much as its scopes allow.';
COMMENT ON COLUMN api_tokens.id IS 'The key.';
COMMENT ON COLUMN api_tokens.person_id IS 'In whose name. What they may not do, no token of theirs may.';
COMMENT ON COLUMN api_tokens.name IS 'What it is for, in the person''s words.';
COMMENT ON COLUMN api_tokens.secret_hash IS 'SHA-256 of the token, in hex; the token itself was shown once.';
COMMENT ON COLUMN api_tokens.scopes IS 'read, upload, write, export: what it may be used for.';
COMMENT ON COLUMN api_tokens.created_at IS 'When it was made.';
COMMENT ON COLUMN api_tokens.expires_at IS 'From then on it is good for nothing; a year at most.';
COMMENT ON COLUMN api_tokens.last_used_at IS 'When it was last used, to about an hour; null: never.';
COMMENT ON COLUMN api_tokens.revoked_at IS 'Since when it is good for nothing; null: it was not revoked.';

DO $$
DECLARE
    ours  text;
    other text;
BEGIN
    FOREACH ours IN ARRAY ARRAY['sign_ins', 'welcome_links', 'api_tokens']
    LOOP
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', ours);
        EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', ours);
        EXECUTE format('REVOKE ALL ON public.%I FROM PUBLIC', ours);
        EXECUTE format('CREATE POLICY accounts ON public.%I TO myograph_accounts USING (true)', ours);
        FOR other IN SELECT rolname FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
        LOOP
            EXECUTE format('REVOKE ALL ON public.%I FROM %I', ours, other);
        END LOOP;
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE (seen_at, ended_at), DELETE ON sign_ins TO myograph_accounts;
GRANT SELECT, INSERT, UPDATE (used_at), DELETE ON welcome_links TO myograph_accounts;
GRANT SELECT, INSERT, UPDATE (last_used_at, revoked_at) ON api_tokens TO myograph_accounts;
GRANT SELECT (id, person_id, name, scopes, created_at, expires_at, last_used_at, revoked_at)
    ON api_tokens TO myograph_therapist, myograph_researcher, myograph_admin;
CREATE POLICY own ON api_tokens FOR SELECT TO myograph_therapist, myograph_researcher, myograph_admin
    USING (person_id = (SELECT app.person()));

-- Admins see by which name people sign in; commands, which run as the owner, change people too.
GRANT SELECT (person_id, login) ON local_accounts TO myograph_admin;
CREATE POLICY admin ON local_accounts FOR SELECT TO myograph_admin USING ((SELECT app.acts_as('admin')));
GRANT UPDATE (password_hash) ON local_accounts TO myograph_accounts;
GRANT INSERT (id, db_login), UPDATE (name, role, db_login, active) ON people TO myograph_accounts;
GRANT EXECUTE ON FUNCTION app.person(), app.acts_as(text) TO myograph_accounts;

-- what follows from a person

CREATE FUNCTION app.keep_an_admin() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    -- Two admins who remove each other at once come one after the other, and the second is refused.
    PERFORM pg_advisory_xact_lock(hashtextextended('myograph administrators', 0));
    IF NOT EXISTS (SELECT FROM public.people p WHERE p.role = 'admin' AND p.active AND p.id <> OLD.id) THEN
        RAISE EXCEPTION 'This is the last administrator. Please make somebody else one first.'
            USING ERRCODE = 'MG412';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION app.keep_an_admin() IS 'An installation that has had an administrator always has one.';

CREATE FUNCTION app.follow_person() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    IF NEW.role = 'therapist' THEN
        INSERT INTO public.therapists (id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
    ELSIF NEW.role = 'researcher' THEN
        INSERT INTO public.researcher_profiles (id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
    END IF;
    IF NOT NEW.active THEN
        UPDATE public.sign_ins SET ended_at = clock_timestamp() WHERE person_id = NEW.id AND ended_at IS NULL;
        UPDATE public.api_tokens SET revoked_at = clock_timestamp() WHERE person_id = NEW.id AND revoked_at IS NULL;
        DELETE FROM public.welcome_links WHERE person_id = NEW.id AND used_at IS NULL;
    END IF;
    -- Whoever listens for changes looks again, and finds that they may no longer.
    PERFORM pg_notify('session_changed', 'people');
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION app.follow_person() IS 'Rows that others refer to; and nothing that a closed account could still be used with.';

CREATE FUNCTION app.announce_end() RETURNS trigger
LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    PERFORM pg_notify('session_changed', 'people');
    RETURN NULL;
END
$$;

ALTER FUNCTION app.keep_an_admin() OWNER TO myograph_accounts;
ALTER FUNCTION app.follow_person() OWNER TO myograph_accounts;
CREATE TRIGGER keep_an_admin BEFORE UPDATE ON people FOR EACH ROW
    WHEN (OLD.role = 'admin' AND OLD.active AND NOT (NEW.role = 'admin' AND NEW.active))
    EXECUTE FUNCTION app.keep_an_admin();
CREATE TRIGGER follow_new AFTER INSERT ON people FOR EACH ROW EXECUTE FUNCTION app.follow_person();
CREATE TRIGGER follow AFTER UPDATE ON people FOR EACH ROW
    WHEN ((OLD.role, OLD.active) IS DISTINCT FROM (NEW.role, NEW.active))
    EXECUTE FUNCTION app.follow_person();
CREATE TRIGGER announce_end AFTER UPDATE ON sign_ins FOR EACH ROW
    WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION app.announce_end();
CREATE TRIGGER announce_end AFTER UPDATE ON api_tokens FOR EACH ROW
    WHEN (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL) EXECUTE FUNCTION app.announce_end();

CREATE TRIGGER audit AFTER INSERT OR DELETE ON api_tokens FOR EACH ROW
    EXECUTE FUNCTION app.audit('id', 'person_id scopes expires_at');
CREATE TRIGGER audit_revoked AFTER UPDATE ON api_tokens FOR EACH ROW
    WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at)
    EXECUTE FUNCTION app.audit('id', 'revoked_at');
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON welcome_links FOR EACH ROW
    EXECUTE FUNCTION app.audit('person_id', 'expires_at used_at');

CREATE OR REPLACE FUNCTION app.add_account(new_login text, new_name text, new_role text, new_hash text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    added uuid;
BEGIN
    SELECT a.person_id INTO added FROM public.local_accounts a WHERE lower(a.login) = lower(new_login);
    IF added IS NOT NULL THEN
        RETURN added;
    END IF;
    INSERT INTO public.people (name, role) VALUES (new_name, new_role) RETURNING id INTO added;
    INSERT INTO public.local_accounts (person_id, login, password_hash) VALUES (added, new_login, new_hash);
    RETURN added;
END
$$;

-- signing in and out

CREATE FUNCTION app.begin_sign_in(person uuid, lasts_s double precision) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    begun uuid;
BEGIN
    DELETE FROM public.sign_ins s WHERE s.person_id = person AND s.until < clock_timestamp() - interval '30 days';
    INSERT INTO public.sign_ins (person_id, until)
    SELECT p.id, clock_timestamp() + make_interval(secs => lasts_s)
      FROM public.people p WHERE p.id = person AND p.active
       FOR SHARE  -- whoever is being switched off at this moment does not slip in
    RETURNING id INTO begun;
    IF begun IS NOT NULL THEN
        PERFORM app.note_sign_in(person, 'sign_in');
    END IF;
    RETURN begun;
END
$$;
COMMENT ON FUNCTION app.begin_sign_in(uuid, double precision) IS 'A new sign-in of a person whom the web has recognised; null where they may no longer.';

CREATE FUNCTION app.signed_in(sign_in uuid, idle_s double precision, attended boolean)
RETURNS TABLE (id uuid, name text, role text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    RETURN QUERY
    SELECT p.id, p.name, p.role
      FROM public.sign_ins s
      JOIN public.people p ON p.id = s.person_id
     WHERE s.id = sign_in AND p.active AND s.ended_at IS NULL AND s.until > clock_timestamp()
       AND s.seen_at > clock_timestamp() - make_interval(secs => idle_s);
    -- A copy of the database that only reads lets people look all the same.
    IF FOUND AND attended AND NOT current_setting('transaction_read_only')::boolean THEN
        UPDATE public.sign_ins s SET seen_at = clock_timestamp()
         WHERE s.id = (SELECT t.id FROM public.sign_ins t
                        WHERE t.id = sign_in
                          AND t.seen_at < clock_timestamp() - make_interval(secs => least(60, idle_s / 4))
                          FOR UPDATE SKIP LOCKED);
    END IF;
END
$$;
COMMENT ON FUNCTION app.signed_in(uuid, double precision, boolean) IS 'Whose sign-in this is, as they are now, and that they were seen (if attended); no row where it counts no more.';

CREATE FUNCTION app.end_sign_in(sign_in uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
    WITH ended AS (
        UPDATE public.sign_ins SET ended_at = clock_timestamp()
         WHERE id = sign_in AND ended_at IS NULL AND until > clock_timestamp()
        RETURNING person_id)
    SELECT app.note_sign_in(e.person_id, 'sign_out') FROM ended e
$$;
COMMENT ON FUNCTION app.end_sign_in(uuid) IS 'Sign out.';

CREATE FUNCTION app.end_sign_ins_of(person uuid, but uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
    UPDATE public.sign_ins SET ended_at = clock_timestamp()
     WHERE person_id = person AND ended_at IS NULL AND id IS DISTINCT FROM but
$$;
COMMENT ON FUNCTION app.end_sign_ins_of(uuid, uuid) IS 'End every sign-in of a person but one; null: every one.';

CREATE FUNCTION app.sign_out_everywhere() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
    SELECT app.end_sign_ins_of(app.person(), NULL);
    SELECT app.note_sign_in(app.person(), 'sign_out_everywhere');
$$;
COMMENT ON FUNCTION app.sign_out_everywhere() IS 'End every sign-in of the person who asks.';

CREATE FUNCTION app.account_of(person uuid)
RETURNS TABLE (id uuid, name text, role text, password_hash text, active boolean, login text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT p.id, p.name, p.role, a.password_hash, p.active, a.login
      FROM public.local_accounts a
      JOIN public.people p ON p.id = a.person_id
     WHERE p.id = person
$$;
COMMENT ON FUNCTION app.account_of(uuid) IS 'The account of a person, for the web to check their password once more.';

CREATE FUNCTION app.set_password(person uuid, new_hash text, but uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    UPDATE public.local_accounts SET password_hash = new_hash WHERE person_id = person;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'This person has no password here.' USING ERRCODE = 'MG404';
    END IF;
    DELETE FROM public.welcome_links WHERE person_id = person AND used_at IS NULL;
    PERFORM app.end_sign_ins_of(person, but);
END
$$;
COMMENT ON FUNCTION app.set_password(uuid, text, uuid) IS 'A new password, which ends every sign-in but one and every open link.';

CREATE FUNCTION app.change_password(new_hash text, but uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
    SELECT app.set_password(app.person(), new_hash, but)
$$;
COMMENT ON FUNCTION app.change_password(text, uuid) IS 'The same for the person who asks.';

-- links that are used once

CREATE FUNCTION app.admin_exists() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT EXISTS (SELECT FROM public.people p WHERE p.role = 'admin' AND p.active)
$$;
COMMENT ON FUNCTION app.admin_exists() IS 'Whether anybody could let others in.';

CREATE FUNCTION app.offer_first_link(hash text, lasts_s double precision) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    DELETE FROM public.welcome_links WHERE person_id IS NULL AND used_at IS NULL;
    IF app.admin_exists() THEN
        RETURN false;
    END IF;
    INSERT INTO public.welcome_links (secret_hash, expires_at)
    VALUES (hash, clock_timestamp() + make_interval(secs => lasts_s));
    RETURN true;
END
$$;
COMMENT ON FUNCTION app.offer_first_link(text, double precision) IS 'A link for the first administrator, instead of any older one; false where there is an administrator.';

CREATE FUNCTION app.make_link(person uuid, hash text, lasts_s double precision) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.people p WHERE p.id = person) THEN
        RAISE EXCEPTION 'There is no such person.' USING ERRCODE = 'MG404';
    ELSIF NOT EXISTS (SELECT FROM public.people p WHERE p.id = person AND p.active) THEN
        RAISE EXCEPTION 'This account is switched off. Please switch it on first.' USING ERRCODE = 'MG412';
    END IF;
    DELETE FROM public.welcome_links w WHERE w.person_id = person AND w.used_at IS NULL;
    INSERT INTO public.welcome_links (secret_hash, person_id, expires_at)
    VALUES (hash, person, clock_timestamp() + make_interval(secs => lasts_s));
END
$$;
COMMENT ON FUNCTION app.make_link(uuid, text, double precision) IS 'A link with which a person sets their password, instead of any older one of theirs.';

CREATE FUNCTION app.offer_link(person uuid, hash text, lasts_s double precision) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    IF NOT app.acts_as('admin') THEN
        RAISE EXCEPTION 'Only an administrator may do this.' USING ERRCODE = 'MG403';
    END IF;
    PERFORM app.make_link(person, hash, lasts_s);
END
$$;
COMMENT ON FUNCTION app.offer_link(uuid, text, double precision) IS 'The same for an administrator.';

CREATE FUNCTION app.welcomed(hash text)
RETURNS TABLE (person_id uuid, name text, role text, login text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT w.person_id, p.name, COALESCE(p.role, 'admin'), a.login
      FROM public.welcome_links w
      LEFT JOIN public.people p ON p.id = w.person_id
      LEFT JOIN public.local_accounts a ON a.person_id = w.person_id
     WHERE w.secret_hash = hash AND w.used_at IS NULL AND w.expires_at > clock_timestamp()
       AND CASE WHEN w.person_id IS NULL THEN NOT app.admin_exists() ELSE p.active END
$$;
COMMENT ON FUNCTION app.welcomed(text) IS 'Whom a link is for; no row where it is good for nothing.';

CREATE FUNCTION app.accept_link(hash text, new_login text, new_name text, new_hash text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    link   record;
    member uuid;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('myograph administrators', 0));
    SELECT * INTO link FROM app.welcomed(hash);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'This link is good for nothing any more. Please ask for a new one.' USING ERRCODE = 'MG404';
    END IF;
    UPDATE public.welcome_links w SET used_at = clock_timestamp() WHERE w.secret_hash = hash;
    member := link.person_id;
    IF member IS NULL THEN
        INSERT INTO public.people (name, role) VALUES (new_name, 'admin') RETURNING id INTO member;
    END IF;
    IF link.login IS NULL THEN
        INSERT INTO public.local_accounts (person_id, login, password_hash) VALUES (member, new_login, new_hash);
    ELSE
        PERFORM app.set_password(member, new_hash, NULL);
    END IF;
    RETURN member;
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION 'Somebody else has this login. Please choose another one.' USING ERRCODE = 'MG412';
END
$$;
COMMENT ON FUNCTION app.accept_link(text, text, text, text) IS 'Use a link up: its person has this password, and this login if they had none.';

-- tokens

CREATE FUNCTION app.bearer(hash text) RETURNS TABLE (id uuid, name text, role text, scopes text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    RETURN QUERY
    SELECT p.id, p.name, p.role, t.scopes
      FROM public.api_tokens t
      JOIN public.people p ON p.id = t.person_id
     WHERE t.secret_hash = hash AND p.active AND t.revoked_at IS NULL AND t.expires_at > clock_timestamp();
    IF FOUND AND NOT current_setting('transaction_read_only')::boolean THEN
        UPDATE public.api_tokens t SET last_used_at = clock_timestamp()
         WHERE t.id = (SELECT u.id FROM public.api_tokens u
                        WHERE u.secret_hash = hash
                          AND (u.last_used_at IS NULL OR u.last_used_at < clock_timestamp() - interval '1 hour')
                          FOR UPDATE SKIP LOCKED);
    END IF;
END
$$;
COMMENT ON FUNCTION app.bearer(text) IS 'In whose name a token is used, as they are now, and for what; no row where it is good for nothing.';

CREATE FUNCTION app.make_token(person uuid, called text, hash text, wanted text[], lasts_s double precision) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    made uuid;
BEGIN
    PERFORM FROM public.people p WHERE p.id = person AND p.active FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no such person, or their account is switched off.' USING ERRCODE = 'MG404';
    ELSIF (SELECT count(*) >= 50 FROM public.api_tokens t
            WHERE t.person_id = person AND t.revoked_at IS NULL AND t.expires_at > clock_timestamp()) THEN
        RAISE EXCEPTION 'Nobody has more than 50 tokens. Please revoke one that is no longer used.'
            USING ERRCODE = 'MG412';
    END IF;
    INSERT INTO public.api_tokens (person_id, name, secret_hash, scopes, expires_at)
    VALUES (person, called, hash, wanted, clock_timestamp() + make_interval(secs => lasts_s))
    RETURNING id INTO made;
    RETURN made;
END
$$;
COMMENT ON FUNCTION app.make_token(uuid, text, text, text[], double precision) IS 'A token of this person, of whose secret this is the hash.';

CREATE FUNCTION app.add_token(called text, hash text, wanted text[], lasts_s double precision) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
    SELECT app.make_token(app.person(), called, hash, wanted, lasts_s)
$$;
COMMENT ON FUNCTION app.add_token(text, text, text[], double precision) IS 'The same of the person who asks.';

CREATE FUNCTION app.withdraw_token(token uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
    UPDATE public.api_tokens SET revoked_at = clock_timestamp() WHERE id = token AND revoked_at IS NULL
$$;
COMMENT ON FUNCTION app.withdraw_token(uuid) IS 'From now on it is good for nothing.';

CREATE FUNCTION app.revoke_token(token uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.api_tokens t WHERE t.id = token AND t.person_id = app.person()) THEN
        RAISE EXCEPTION 'You have no such token.' USING ERRCODE = 'MG404';
    END IF;
    PERFORM app.withdraw_token(token);
END
$$;
COMMENT ON FUNCTION app.revoke_token(uuid) IS 'The same of a token of the person who asks.';

-- an identity provider

CREATE FUNCTION app.known_by_provider(subject uuid, claimed_role text, shown text)
RETURNS TABLE (id uuid, name text, role text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.people p WHERE p.id = subject) THEN
        INSERT INTO public.people (id, name, role)
        SELECT subject, shown, claimed_role WHERE claimed_role IN ('therapist', 'researcher', 'admin')
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN QUERY SELECT p.id, p.name, p.role FROM public.people p WHERE p.id = subject AND p.active;
END
$$;
COMMENT ON FUNCTION app.known_by_provider(uuid, text, text) IS 'Who a provider''s subject is: as people says, else as the provider''s own administration says; no row where neither knows a role.';

DO $$
DECLARE
    ours text;
BEGIN
    FOREACH ours IN ARRAY ARRAY['begin_sign_in(uuid, double precision)', 'signed_in(uuid, double precision, boolean)',
        'end_sign_in(uuid)', 'end_sign_ins_of(uuid, uuid)', 'sign_out_everywhere()', 'account_of(uuid)',
        'set_password(uuid, text, uuid)', 'change_password(text, uuid)', 'admin_exists()',
        'offer_first_link(text, double precision)', 'make_link(uuid, text, double precision)',
        'offer_link(uuid, text, double precision)', 'welcomed(text)', 'accept_link(text, text, text, text)',
        'bearer(text)', 'make_token(uuid, text, text, text[], double precision)',
        'add_token(text, text, text[], double precision)', 'withdraw_token(uuid)', 'revoke_token(uuid)',
        'known_by_provider(uuid, text, text)']
    LOOP
        EXECUTE format('ALTER FUNCTION app.%s OWNER TO myograph_accounts', ours);
        EXECUTE format('REVOKE ALL ON FUNCTION app.%s FROM PUBLIC', ours);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION app.keep_an_admin(), app.follow_person(), app.announce_end() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.begin_sign_in(uuid, double precision), app.signed_in(uuid, double precision, boolean),
    app.end_sign_in(uuid), app.account_of(uuid), app.admin_exists(), app.offer_first_link(text, double precision),
    app.welcomed(text), app.accept_link(text, text, text, text), app.bearer(text),
    app.known_by_provider(uuid, text, text) TO myograph_web;
GRANT EXECUTE ON FUNCTION app.sign_out_everywhere(), app.change_password(text, uuid),
    app.add_token(text, text, text[], double precision), app.revoke_token(uuid)
    TO myograph_therapist, myograph_researcher, myograph_admin;
GRANT EXECUTE ON FUNCTION app.offer_link(uuid, text, double precision) TO myograph_admin;
DROP FUNCTION app.active_person(uuid);
REVOKE CREATE ON SCHEMA app FROM myograph_accounts;
