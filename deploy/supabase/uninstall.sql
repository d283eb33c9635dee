-- Takes back what migrations/ installed; recordings, sessions and the outbox stay. Run as `postgres`,
-- in one transaction. Where postgres may not drop a trigger of storage.objects, the trigger stays
-- with a function that does nothing.

CREATE OR REPLACE FUNCTION app.storage_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    RETURN NULL;
END
$$;

DO $$
BEGIN
    DROP TRIGGER IF EXISTS myograph_announces ON storage.objects;
    DROP FUNCTION app.storage_changed();
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'The trigger myograph_announces stays and does nothing: only the owner of storage.objects may drop it.';
END
$$;

DROP FUNCTION IF EXISTS app.announce_recording(text, jsonb, jsonb, timestamptz), app.recording_of(storage.objects),
    app.send_storage_hint(text, jsonb), app.storage_signatures(text), app.hmac_sha256(bytea, bytea),
    app.add_storage_secret(text, text), app.retire_storage_secret(text), app.stored_recordings(text, text, integer);
DROP TABLE IF EXISTS app.storage_hook, app.storage_secrets;
