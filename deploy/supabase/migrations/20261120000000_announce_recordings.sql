-- What happens to a recording in Supabase Storage is written into our outbox by the transaction that
-- does it, and announced at once by a signed hint. Run as `postgres`, in one transaction, after
-- `myograph migrate`; running it again changes nothing. docs/supabase.md says what it does.

SET LOCAL lock_timeout = '5s';

DO $$
BEGIN
    IF to_regclass('storage.objects') IS NULL THEN
        RAISE EXCEPTION 'There is no table storage.objects: this is not a database of Supabase Storage.';
    ELSIF to_regclass('public.storage_outbox') IS NULL THEN
        RAISE EXCEPTION 'There is no table storage_outbox: run "myograph migrate" first.';
    ELSIF NOT (SELECT r.rolbypassrls OR r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) THEN
        -- A policy for it would lock sign-in and storage while it is made.
        RAISE EXCEPTION 'Run this as postgres: % does not pass row level security.', current_user;
    ELSIF NOT has_table_privilege('public.storage_outbox', 'INSERT') OR NOT has_schema_privilege('app', 'CREATE') THEN
        RAISE EXCEPTION 'Run this as the role that ran "myograph migrate", not as %.', current_user;
    END IF;
END
$$;

-- ── where to, and with which secrets

CREATE TABLE IF NOT EXISTS app.storage_hook (
    one             boolean PRIMARY KEY DEFAULT true CHECK (one),
    url             text CHECK (url ~ '^(https://[^/\s]+|http://(localhost|127\.0\.0\.1|\[::1\]|host\.docker\.internal|[A-Za-z0-9_-]+)(:[0-9]+)?)/\S*$'),
    buckets         text[] NOT NULL DEFAULT '{emg_data}' CHECK (cardinality(buckets) > 0),
    timeout_ms      integer NOT NULL DEFAULT 5000 CHECK (timeout_ms BETWEEN 100 AND 60000)
);
COMMENT ON TABLE app.storage_hook IS 'Which buckets are watched and where hints go; one row.';
COMMENT ON COLUMN app.storage_hook.one IS 'Always true: there is one row.';
COMMENT ON COLUMN app.storage_hook.url IS 'Address of the receiver; https, or http within one machine or one network of containers. Null: no hints, the sweep finds what the outbox holds.';
COMMENT ON COLUMN app.storage_hook.buckets IS 'Buckets whose recordings are ours; those of MYOGRAPH_BUCKETS.';
COMMENT ON COLUMN app.storage_hook.timeout_ms IS 'How long a hint may take, ms.';
INSERT INTO app.storage_hook DEFAULT VALUES ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS app.storage_secrets (
    name            text PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9_.-]{1,64}$'),
    key             bytea CHECK (octet_length(key) BETWEEN 24 AND 1024),
    added_at        timestamptz NOT NULL DEFAULT now(),
    retired_at      timestamptz,
    CHECK ((key IS NULL) = (retired_at IS NOT NULL))
);
COMMENT ON TABLE app.storage_secrets IS 'Secrets that sign hints, every active one each hint.';
COMMENT ON COLUMN app.storage_secrets.name IS 'What people call it.';
COMMENT ON COLUMN app.storage_secrets.key IS 'The secret; null once it is retired.';
COMMENT ON COLUMN app.storage_secrets.added_at IS 'When it began to sign.';
COMMENT ON COLUMN app.storage_secrets.retired_at IS 'When it ceased to; null while it signs.';

-- No policy: nobody but their owner passes, who is postgres and passes row level security.
ALTER TABLE app.storage_hook ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.storage_hook FORCE ROW LEVEL SECURITY;
ALTER TABLE app.storage_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.storage_secrets FORCE ROW LEVEL SECURITY;
REVOKE ALL ON app.storage_hook, app.storage_secrets FROM PUBLIC, anon, authenticated, service_role;

CREATE OR REPLACE FUNCTION app.add_storage_secret(called text, secret text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SET search_path = ''
AS $$
DECLARE
    -- 244 random bits, where none is given.
    made text := COALESCE(secret, 'whsec_' || encode(
        sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'base64'));
BEGIN
    IF made !~ '^whsec_' THEN
        RAISE EXCEPTION 'A secret is whsec_ followed by base64.';
    END IF;
    INSERT INTO app.storage_secrets (name, key) VALUES (called, decode(substr(made, 7), 'base64'));
    RETURN made;
END
$$;
COMMENT ON FUNCTION app.add_storage_secret(text, text) IS 'Sign with this secret too, or with a new one; it is returned, for MYOGRAPH_WEBHOOK_SECRETS of the receiver.';

CREATE OR REPLACE FUNCTION app.retire_storage_secret(called text) RETURNS void
LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    UPDATE app.storage_secrets SET key = NULL, retired_at = now() WHERE name = called AND key IS NOT NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'No secret % signs.', called;
    END IF;
END
$$;
COMMENT ON FUNCTION app.retire_storage_secret(text) IS 'Sign no longer with this secret, and forget it.';

-- ── signing, by the Standard Webhooks

CREATE OR REPLACE FUNCTION app.hmac_sha256(key bytea, message bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = ''
AS $$
DECLARE
    -- RFC 2104: a key of exactly one block of 64 bytes; a longer one is hashed first.
    inner_key  bytea := CASE WHEN length(key) > 64 THEN sha256(key) ELSE key END;
    outer_key  bytea;
BEGIN
    inner_key := inner_key || decode(repeat('00', 64 - length(inner_key)), 'hex');
    outer_key := inner_key;
    FOR i IN 0..63 LOOP
        inner_key := set_byte(inner_key, i, get_byte(inner_key, i) # 54);
        outer_key := set_byte(outer_key, i, get_byte(outer_key, i) # 92);
    END LOOP;
    RETURN sha256(outer_key || sha256(inner_key || message));
END
$$;
COMMENT ON FUNCTION app.hmac_sha256(bytea, bytea) IS 'HMAC-SHA256 over the built-in sha256(): no extension is needed.';

CREATE OR REPLACE FUNCTION app.storage_signatures(message text) RETURNS text
LANGUAGE sql STABLE SET search_path = ''
AS $$
    SELECT string_agg('v1,' || encode(app.hmac_sha256(s.key, convert_to(message, 'UTF8')), 'base64'), ' ' ORDER BY s.added_at, s.name)
      FROM app.storage_secrets s
     WHERE s.key IS NOT NULL
$$;
COMMENT ON FUNCTION app.storage_signatures(text) IS 'One signature of each active secret; null without any.';

CREATE OR REPLACE FUNCTION app.send_storage_hint(message_id text, body jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = ''
AS $$
DECLARE
    hook        app.storage_hook;
    sent_at     text := extract(epoch FROM clock_timestamp())::bigint;
    signatures  text;
BEGIN
    SELECT * INTO hook FROM app.storage_hook;
    IF hook.url IS NULL OR to_regprocedure('net.http_post(text, jsonb, jsonb, jsonb, integer)') IS NULL THEN
        RETURN;
    END IF;
    -- The extension sends exactly these bytes: convert_to(body::text, 'UTF8').
    signatures := app.storage_signatures(message_id || '.' || sent_at || '.' || body::text);
    -- Nothing leaves unsigned.
    IF signatures IS NOT NULL THEN
        PERFORM net.http_post(
            url => hook.url,
            body => body,
            params => '{}',
            headers => jsonb_build_object('Content-Type', 'application/json', 'webhook-id', message_id,
                                          'webhook-timestamp', sent_at, 'webhook-signature', signatures),
            timeout_milliseconds => hook.timeout_ms);
    END IF;
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'Myograph: a hint could not be sent, the outbox has it: % %', SQLSTATE, SQLERRM;
END
$$;
COMMENT ON FUNCTION app.send_storage_hint(text, jsonb) IS 'Hand a signed message to the HTTP extension, which sends it after the commit. Never fails.';

-- ── what an upload, a move or a deletion means

CREATE OR REPLACE FUNCTION app.recording_of(object storage.objects) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = ''
AS $$
    -- Only what the store itself says: user_metadata comes from the client and may be 1 MB.
    SELECT jsonb_build_object(
               'id', object.id, 'bucket_id', object.bucket_id, 'name', object.name, 'version', object.version,
               'metadata', jsonb_build_object(
                   'size', CASE WHEN object.metadata ->> 'size' ~ '^[0-9]{1,18}$' THEN (object.metadata ->> 'size')::bigint END,
                   'eTag', CASE WHEN length(object.metadata ->> 'eTag') <= 256 THEN object.metadata ->> 'eTag' END))
      -- An older Storage has no such columns: a name that the inner query lacks is found here.
      FROM (SELECT NULL::timestamptz AS archived_at, false AS is_delete_marker) absent
     CROSS JOIN LATERAL (SELECT archived_at, is_delete_marker FROM (SELECT object.*) of_this) now
     WHERE object.name ILIKE '%.c3d'
       AND object.bucket_id = ANY (COALESCE((SELECT h.buckets FROM app.storage_hook h), '{emg_data}'))
       -- Where a bucket keeps old versions, these are the ones that nobody reads.
       AND now.archived_at IS NULL AND NOT now.is_delete_marker
$$;
COMMENT ON FUNCTION app.recording_of(storage.objects) IS 'What is announced of a row of storage.objects; null where it is none of our recordings.';

CREATE OR REPLACE FUNCTION app.announce_recording(operation text, is_now jsonb, was jsonb, modified_at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = ''
AS $$
DECLARE
    one   jsonb := COALESCE(is_now, was);
    told  record;
BEGIN
    INSERT INTO public.storage_outbox (operation, object_id, bucket, name, old_name, version, old_version, size_bytes, etag, modified_at)
    VALUES (operation, one ->> 'id', one ->> 'bucket_id', one ->> 'name',
            NULLIF(was ->> 'name', one ->> 'name'), one ->> 'version',
            NULLIF(was ->> 'version', one ->> 'version'),
            (one #>> '{metadata,size}')::bigint, one #>> '{metadata,eTag}', modified_at)
    RETURNING id, at INTO told;
    PERFORM app.send_storage_hint(
        -- Numbers may start again in a table that was emptied; with the time none is used twice.
        'outbox_' || told.id || '_' || (extract(epoch FROM told.at) * 1000000)::bigint,
        jsonb_build_object('type', operation, 'table', 'objects', 'schema', 'storage',
                           'record', is_now, 'old_record', was));
END
$$;
COMMENT ON FUNCTION app.announce_recording(text, jsonb, jsonb, timestamptz) IS 'One row of the outbox and one hint.';

CREATE OR REPLACE FUNCTION app.storage_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' SET lock_timeout = '500ms'
AS $$
DECLARE
    is_now  jsonb;
    was     jsonb;
BEGIN
    is_now := app.recording_of(NEW);
    was := app.recording_of(OLD);
    IF was IS NULL AND is_now IS NOT NULL THEN
        PERFORM app.announce_recording('INSERT', is_now, NULL, NEW.updated_at);
    ELSIF is_now IS NULL AND was IS NOT NULL THEN
        PERFORM app.announce_recording('DELETE', NULL, was, clock_timestamp());
    ELSIF is_now ->> 'bucket_id' <> was ->> 'bucket_id' THEN
        PERFORM app.announce_recording('DELETE', NULL, was, clock_timestamp());
        PERFORM app.announce_recording('INSERT', is_now, NULL, NEW.updated_at);
    ELSIF (is_now -> 'name', is_now -> 'version') IS DISTINCT FROM (was -> 'name', was -> 'version') THEN
        PERFORM app.announce_recording('UPDATE', is_now, was, NEW.updated_at);
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    -- The upload goes on whatever is wrong with us; the comparison of the bucket finds what was missed.
    -- The error's own text may hold the name, and with it a patient's code.
    RAISE WARNING 'Myograph: % of object % was not noted: %', TG_OP, COALESCE(NEW.id, OLD.id), SQLSTATE;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION app.storage_changed() IS 'Note what became of a recording, in the transaction that does it. Never fails.';

-- ── what lies in a bucket

CREATE OR REPLACE FUNCTION app.stored_recordings(bucket text, after text DEFAULT '', most integer DEFAULT NULL)
RETURNS TABLE (object_id text, name text, version text, size_bytes bigint, etag text, modified_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM app.storage_hook h WHERE bucket = ANY (h.buckets)) THEN
        -- No rows would read as an empty bucket.
        RAISE EXCEPTION 'Bucket % is not one of those in app.storage_hook.', bucket USING ERRCODE = '42501';
    END IF;
    RETURN QUERY
    SELECT f.id::text, f.name::text, f.version::text,
           CASE WHEN f.metadata ->> 'size' ~ '^[0-9]{1,18}$' THEN (f.metadata ->> 'size')::bigint END,
           trim('"' FROM f.metadata ->> 'eTag'), f.updated_at
      -- An older Storage has no such columns: a name that the inner query lacks is found here.
      FROM (SELECT NULL::timestamptz AS archived_at, false AS is_delete_marker) absent
     CROSS JOIN LATERAL (
        SELECT o.id, o.name, o.version, o.metadata, o.updated_at
          FROM storage.objects o
         WHERE o.bucket_id = bucket AND o.name COLLATE "C" > after AND o.name ILIKE '%.c3d'
           AND archived_at IS NULL AND NOT is_delete_marker
         ORDER BY o.name COLLATE "C"
         LIMIT most) f;
END
$$;
COMMENT ON FUNCTION app.stored_recordings(text, text, integer) IS 'The recordings in a bucket after a name, in the order of its bytes, as the store knows them. No view: one would stand in the way of the store''s own migrations.';

REVOKE ALL ON FUNCTION app.add_storage_secret(text, text), app.retire_storage_secret(text), app.hmac_sha256(bytea, bytea),
    app.storage_signatures(text), app.send_storage_hint(text, jsonb), app.recording_of(storage.objects),
    app.announce_recording(text, jsonb, jsonb, timestamptz), app.storage_changed(),
    app.stored_recordings(text, text, integer) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION app.stored_recordings(text, text, integer) TO myograph_worker;

-- ── the trigger

-- Storage writes a probe row and rolls it back before every upload: only what is deferred to the
-- commit never fires for one. Whoever made it cannot drop it again, so it is made once; without WHEN
-- and columns it does not stand in the way of the store's own migrations.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = 'storage.objects'::regclass AND t.tgname = 'myograph_announces') THEN
        CREATE CONSTRAINT TRIGGER myograph_announces AFTER INSERT OR UPDATE OR DELETE ON storage.objects
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.storage_changed();
    END IF;
END
$$;
