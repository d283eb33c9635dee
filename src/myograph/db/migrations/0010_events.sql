-- Whatever is announced of an object in the store: made, overwritten, moved, removed; early, late,
-- twice or out of order. In the end one live session for each live object.

GRANT CREATE ON SCHEMA app TO myograph_worker;

-- what the store says of a session's object

ALTER TABLE therapy_sessions
    ADD COLUMN stored_at         timestamptz,
    ADD COLUMN storage_sequencer text,
    ADD COLUMN past_versions     text[] NOT NULL DEFAULT '{}',
    ADD COLUMN replaced_version  text;
COMMENT ON COLUMN therapy_sessions.stored_at IS 'When the store last changed the object, by its own clock; null: not told.';
COMMENT ON COLUMN therapy_sessions.storage_sequencer IS 'Orders the changes of one name in stores that count them; null: not told.';
COMMENT ON COLUMN therapy_sessions.past_versions IS 'Versions that these very bytes had in the store before, under other names.';
COMMENT ON COLUMN therapy_sessions.replaced_version IS 'The version that these bytes overwrote, where the store says so.';
CREATE INDEX therapy_sessions_replaced ON therapy_sessions (storage_bucket, file_path)
    WHERE superseded_by IS NOT NULL;

DROP VIEW therapy_sessions_with_technical;
CREATE VIEW therapy_sessions_with_technical WITH (security_invoker = true) AS
SELECT s.*, t.original_sampling_rate, t.original_duration_seconds, t.original_sample_count, t.channel_count,
       t.channel_names, t.emg_labels, t.sampling_rate, t.duration_seconds, t.frame_count, t.rate_correction,
       t.rate_assumed, t.extracted_at
  FROM therapy_sessions s
  LEFT JOIN c3d_technical_data t ON t.session_id = s.id;
COMMENT ON VIEW therapy_sessions_with_technical IS 'Each session beside what its file says of itself.';
GRANT SELECT ON therapy_sessions_with_technical TO myograph_therapist, myograph_admin, myograph_worker;

-- the log of deliveries

ALTER TABLE upload_events
    DROP CONSTRAINT upload_events_outcome_check,
    ADD CONSTRAINT upload_events_outcome_check CHECK
        (outcome IN ('created', 'duplicate', 'renamed', 'restored', 'late', 'gone', 'ignored')),
    ADD COLUMN shape text CHECK (shape IN ('database_webhook', 's3', 'cloudevents', 'storage_webhook', 'page',
                                           'outbox', 'sweep', 'simulate', 'cli')),
    ADD COLUMN operation text NOT NULL DEFAULT 'created' CHECK (operation IN ('created', 'removed')),
    ADD COLUMN bucket text,
    ADD COLUMN object_name text,
    ADD COLUMN object_version text,
    ADD COLUMN reason text,
    ADD COLUMN event jsonb CHECK (jsonb_typeof(event) = 'object'),
    ADD COLUMN deliveries integer NOT NULL DEFAULT 1 CHECK (deliveries > 0);
CREATE INDEX upload_events_object ON upload_events USING hash (object_name);
COMMENT ON TABLE  upload_events IS 'Every announcement of an object, once; kept for 30 days.';
COMMENT ON COLUMN upload_events.outcome IS 'created: a session; duplicate: the object has one; renamed: it moved; restored: the store shows it again; late: a newer announcement came first; gone: it was removed; ignored: reason says why.';
COMMENT ON COLUMN upload_events.session_id IS 'The session of the object; null where it has none.';
COMMENT ON COLUMN upload_events.shape IS 'How it was told; null in rows from before this was noted.';
COMMENT ON COLUMN upload_events.operation IS 'created: the object lies in the store, new, overwritten or moved; removed: it no longer does.';
COMMENT ON COLUMN upload_events.bucket IS 'Of the object.';
COMMENT ON COLUMN upload_events.object_name IS 'Its name. Holds patients'' codes.';
COMMENT ON COLUMN upload_events.object_version IS 'Its version as announced; the etag in stores without versions.';
COMMENT ON COLUMN upload_events.reason IS 'A code: why it was ignored, or why the object can never be read.';
COMMENT ON COLUMN upload_events.event IS 'The announcement as app.receive_event took it, to be played again; without what the file says of itself.';
COMMENT ON COLUMN upload_events.deliveries IS 'How often it was delivered.';
GRANT UPDATE (deliveries, outcome, session_id, event), DELETE ON upload_events TO myograph_worker;

-- the outbox of a store that lives in this database

CREATE TABLE storage_outbox (
    id          bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    operation   text NOT NULL CHECK (operation IN ('INSERT', 'UPDATE', 'DELETE')),
    object_id   text,
    bucket      text NOT NULL,
    name        text NOT NULL,
    old_name    text,
    version     text,
    old_version text,
    size_bytes  bigint,
    etag        text,
    modified_at timestamptz,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at  timestamptz,
    session_id  uuid REFERENCES therapy_sessions ON DELETE SET NULL,
    attempts    integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    problem     text
);
CREATE INDEX storage_outbox_unsettled ON storage_outbox (id) WHERE settled_at IS NULL;
CREATE INDEX storage_outbox_session ON storage_outbox (session_id) WHERE session_id IS NOT NULL;
COMMENT ON TABLE  storage_outbox IS 'Changes of objects, written in the transaction that made them; settled by the sweep. Kept for 30 days.';
COMMENT ON COLUMN storage_outbox.id IS 'In the order of writing.';
COMMENT ON COLUMN storage_outbox.operation IS 'INSERT, UPDATE (overwritten or moved) or DELETE, of the store''s row.';
COMMENT ON COLUMN storage_outbox.object_id IS 'The store''s own number for the object.';
COMMENT ON COLUMN storage_outbox.bucket IS 'Of the object.';
COMMENT ON COLUMN storage_outbox.name IS 'Its name now; of a DELETE the last one. Holds patients'' codes.';
COMMENT ON COLUMN storage_outbox.old_name IS 'Its name before, where it moved.';
COMMENT ON COLUMN storage_outbox.version IS 'Its version now; of a DELETE the last one.';
COMMENT ON COLUMN storage_outbox.old_version IS 'Its version before an UPDATE.';
COMMENT ON COLUMN storage_outbox.size_bytes IS 'Bytes of the object.';
COMMENT ON COLUMN storage_outbox.etag IS 'As the store gives it.';
COMMENT ON COLUMN storage_outbox.modified_at IS 'When the store changed it, by its own clock.';
COMMENT ON COLUMN storage_outbox.at IS 'When this row was written.';
COMMENT ON COLUMN storage_outbox.due_at IS 'Not tried before; later after each failure.';
COMMENT ON COLUMN storage_outbox.settled_at IS 'When it was dealt with; null: not yet.';
COMMENT ON COLUMN storage_outbox.session_id IS 'The session it came to.';
COMMENT ON COLUMN storage_outbox.attempts IS 'How often it was tried in vain.';
COMMENT ON COLUMN storage_outbox.problem IS 'Why the last try failed.';
ALTER TABLE storage_outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE storage_outbox FORCE ROW LEVEL SECURITY;
REVOKE ALL ON storage_outbox FROM PUBLIC;
DO $$
DECLARE
    other text;
BEGIN
    FOR other IN SELECT rolname FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
    LOOP
        EXECUTE format('REVOKE ALL ON public.storage_outbox FROM %I', other);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON storage_outbox TO myograph_worker;
CREATE POLICY worker ON storage_outbox TO myograph_worker USING (true);
GRANT SELECT ON storage_outbox TO myograph_admin;
CREATE POLICY admin ON storage_outbox FOR SELECT TO myograph_admin USING ((SELECT app.acts_as('admin')));

-- what may be announced, and by whom

CREATE OR REPLACE FUNCTION app.check_upload(event jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = ''
AS $$
DECLARE
    name text := event ->> 'name';
    part text;
BEGIN
    IF octet_length(event ->> 'source') > 64 OR octet_length(event ->> 'delivery_id') > 1024
       OR event ->> 'source' = '' OR event ->> 'delivery_id' = '' THEN
        RAISE EXCEPTION 'Whoever announces an upload has a short name, and a number for it.' USING ERRCODE = 'MG400';
    END IF;
    IF event ? 'ignored' THEN
        RETURN;
    END IF;
    IF COALESCE(event ->> 'bucket', '') = '' OR COALESCE(name, '') = '' THEN
        RAISE EXCEPTION 'An upload has a bucket and a name.' USING ERRCODE = 'MG400';
    END IF;
    FOREACH part IN ARRAY ARRAY['bucket', 'name', 'version', 'etag', 'object_id', 'old_name', 'old_version']
    LOOP
        IF octet_length(event ->> part) > (CASE part WHEN 'bucket' THEN 255 ELSE 1024 END) THEN
            RAISE EXCEPTION 'The % of an object is never so long.', replace(part, '_', ' ') USING ERRCODE = 'MG400';
        END IF;
    END LOOP;
    IF NOT event ? 'refused' AND (name ~ '[[:cntrl:]]' OR ('/' || name || '/') ~ '/\.{0,2}/') THEN
        RAISE EXCEPTION 'No object of ours may have this name.' USING ERRCODE = 'MG400';
    END IF;
    IF event ->> 'operation' IS DISTINCT FROM 'removed' AND COALESCE(event ->> 'version', event ->> 'etag', '') = '' THEN
        RAISE EXCEPTION 'An upload has a version or an etag.' USING ERRCODE = 'MG400';
    END IF;
    IF event ->> 'size_bytes' !~ '^[0-9]{1,18}$' THEN
        RAISE EXCEPTION 'The size of an object is a whole number of bytes.' USING ERRCODE = 'MG400';
    END IF;
    IF event ->> 'sequencer' !~ '^[0-9A-Fa-f]{1,64}$' THEN
        RAISE EXCEPTION 'A sequencer is a hexadecimal number.' USING ERRCODE = 'MG400';
    END IF;
    IF NOT (isfinite((event ->> 'modified_at')::timestamptz) AND isfinite((event ->> 'seen_at')::timestamptz)) THEN
        RAISE EXCEPTION 'An object was changed at some time.' USING ERRCODE = 'MG400';
    END IF;
EXCEPTION WHEN invalid_datetime_format OR datetime_field_overflow THEN
    RAISE EXCEPTION 'An object was changed at some time.' USING ERRCODE = 'MG400';
END
$$;
COMMENT ON FUNCTION app.check_upload(jsonb) IS 'Refuse an event that cannot be of an object.';

CREATE FUNCTION app.check_announcer(event jsonb) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    chosen text := event ->> 'patient_code';
BEGIN
    -- Our own programs and admins announce anything; other people what they upload themselves.
    IF app.person() IS NULL THEN
        IF current_setting('role') NOT IN ('none', 'myograph_worker') THEN
            RAISE EXCEPTION 'Nobody is signed in.' USING ERRCODE = 'MG403';
        END IF;
    ELSIF NOT app.acts_as('admin') AND (
        event ?| ARRAY['delivery_id', 'old_name', 'old_version', 'refused', 'ignored', 'sequencer', 'modified_at', 'seen_at']
        OR (COALESCE(event ->> 'operation', 'created'), COALESCE(event ->> 'source', 'page'), COALESCE(event ->> 'shape', 'page'))
           <> ('created', 'page', 'page'))
    THEN
        RAISE EXCEPTION 'A person announces an upload of their own and nothing else.' USING ERRCODE = 'MG403';
    END IF;
    IF chosen IS NOT NULL AND NOT app.choosable(chosen) THEN
        RAISE EXCEPTION 'There is no patient %, or it is not one of yours.', left(chosen, 64) USING ERRCODE = 'MG400';
    END IF;
END
$$;
COMMENT ON FUNCTION app.check_announcer(jsonb) IS 'Refuse what the one who asks may not announce.';

CREATE FUNCTION app.check_owner(event jsonb, sessions uuid[]) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    IF app.person() IS NULL OR app.acts_as('admin') THEN
        RETURN;
    END IF;
    -- Whoever was given the number in the object's name is its uploader, though a webhook came first.
    IF EXISTS (SELECT FROM public.therapy_sessions t
                WHERE t.id = ANY (sessions)
                  AND NOT COALESCE(t.uploaded_by = app.person(), false)
                  AND NOT COALESCE(t.patient_id IN (SELECT app.my_patients()), false)
                  AND NOT COALESCE(t.uploaded_by IS NULL AND t.id = (event ->> 'session_id')::uuid, false))
    THEN
        RAISE EXCEPTION 'There is a recording of this name already, and it is not one of yours.' USING ERRCODE = 'MG403';
    END IF;
END
$$;
COMMENT ON FUNCTION app.check_owner(jsonb, uuid[]) IS 'Refuse a person who would touch sessions that are not theirs.';

-- which session an object has

CREATE FUNCTION app.version_of(event jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = ''
AS $$
    SELECT COALESCE(event ->> 'version', trim('"' FROM event ->> 'etag'))
$$;
COMMENT ON FUNCTION app.version_of(jsonb) IS 'The version of an announced object; the etag in stores without versions.';

CREATE FUNCTION app.number_in_name(name text) RETURNS uuid
LANGUAGE sql IMMUTABLE SET search_path = ''
AS $$
    SELECT (regexp_match(name,
            '^[^/]+/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/[^/]+$'))[1]::uuid
$$;
COMMENT ON FUNCTION app.number_in_name(text) IS 'The session that our own upload page named in an object''s name; null elsewhere.';

CREATE FUNCTION app.sessions_at(event jsonb) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT t.id FROM public.therapy_sessions t
     WHERE t.storage_bucket = event ->> 'bucket' AND t.file_path = event ->> 'name' AND t.superseded_by IS NULL
    UNION
    SELECT t.id FROM public.therapy_sessions t
     WHERE t.storage_bucket = event ->> 'bucket'
       AND COALESCE(t.storage_object_id, t.file_path) = event ->> 'object_id'
       AND t.storage_object_id = event ->> 'object_id'
$$;
COMMENT ON FUNCTION app.sessions_at(jsonb) IS 'The live session of this name, and all of this object under any name.';

CREATE OR REPLACE FUNCTION app.session_of_object(event jsonb) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    -- The very same bytes: by id and version, by id and etag after a move, by name and version or
    -- etag where one of the two does not know the id.
    SELECT t.id FROM public.therapy_sessions t
     WHERE t.id = ANY (ARRAY(
                    SELECT app.sessions_at(event)
                    UNION ALL
                    SELECT r.id FROM public.therapy_sessions r
                     WHERE r.storage_bucket = event ->> 'bucket' AND r.file_path = event ->> 'name'
                       AND r.superseded_by IS NOT NULL
                    UNION ALL
                    SELECT o.id FROM public.therapy_sessions o
                     WHERE o.storage_bucket = event ->> 'bucket' AND o.file_path = event ->> 'old_name'
                       AND o.superseded_by IS NULL AND o.storage_object_id IS NULL))
       AND CASE WHEN t.storage_object_id <> event ->> 'object_id' THEN false
                WHEN t.storage_object_id = event ->> 'object_id' AND app.version_of(event) = ANY (t.past_versions) THEN true
                WHEN t.storage_version = app.version_of(event) THEN true
                ELSE t.storage_etag = trim('"' FROM event ->> 'etag')
                     AND COALESCE(t.file_size_bytes = (event ->> 'size_bytes')::bigint, true) END
     ORDER BY t.storage_version = app.version_of(event) DESC, t.superseded_by IS NULL DESC, t.created_at, t.id
     LIMIT 1
$$;
COMMENT ON FUNCTION app.session_of_object(jsonb) IS 'The session that this very object has already.';

CREATE FUNCTION app.age(event jsonb, known public.therapy_sessions) RETURNS integer
LANGUAGE plpgsql STABLE SET search_path = ''
AS $$
DECLARE
    said  timestamptz := (event ->> 'modified_at')::timestamptz;
    noted timestamptz := known.stored_at;
    ours  text COLLATE "C" := rpad(lower(known.storage_sequencer), 64, '0');
    its   text COLLATE "C" := rpad(lower(event ->> 'sequencer'), 64, '0');
BEGIN
    IF known.storage_object_id = event ->> 'object_id' AND known.replaced_version = app.version_of(event) THEN
        RETURN -1;
    ELSIF known.storage_object_id = event ->> 'object_id' AND known.storage_version = event ->> 'old_version' THEN
        RETURN 1;
    ELSIF known.file_path = event ->> 'name' AND its <> ours THEN
        RETURN CASE WHEN its < ours THEN -1 ELSE 1 END;
    -- A time in whole seconds, as listings give it, may mean any moment within that second.
    ELSIF said < noted AND said + (CASE WHEN said = date_trunc('second', said) THEN interval '1 s' ELSE '0' END) <= noted THEN
        RETURN -1;
    ELSIF noted < said AND noted + (CASE WHEN noted = date_trunc('second', noted) THEN interval '1 s' ELSE '0' END) <= said THEN
        RETURN 1;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION app.age(jsonb, public.therapy_sessions) IS 'By the store''s own order: 1 where the event is newer than what is known, -1 where it is older, null where nobody can tell.';

CREATE FUNCTION app.lies_there(event jsonb, told_at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path = ''
AS $$
    -- Whoever has looked into the store is believed, but for what changed after the look.
    SELECT COALESCE(event ->> 'shape', '') = 'sweep' AND NOT COALESCE((event ->> 'seen_at')::timestamptz < told_at, false)
$$;
COMMENT ON FUNCTION app.lies_there(jsonb, timestamptz) IS 'Whether the event was read off the store itself, after what we were told at this time.';

-- what becomes of sessions

CREATE FUNCTION app.settle_twins(digest text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
    -- The first of the live ones counts; of what lies nowhere any more, the first of all.
    WITH first AS (
        SELECT f.id FROM public.therapy_sessions f WHERE f.file_hash = digest
         ORDER BY f.superseded_by IS NOT NULL, f.created_at, f.id LIMIT 1)
    UPDATE public.therapy_sessions t
       SET duplicate_of = NULLIF(first.id, t.id)
      FROM first
     WHERE t.file_hash = digest AND t.duplicate_of IS DISTINCT FROM NULLIF(first.id, t.id)
$$;
COMMENT ON FUNCTION app.settle_twins(text) IS 'Which session of these bytes counts, and which are duplicates of it. Lock the digest before.';

CREATE FUNCTION app.supersede(old uuid[], by_session uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    digest text;
BEGIN
    -- The bytes that lay here before are gone: their numbers stay, unless there were none yet.
    UPDATE public.therapy_sessions
       SET superseded_by = by_session,
           processing_status = CASE WHEN processing_status IN ('completed', 'reprocessing') THEN 'completed' ELSE 'failed' END,
           failure_kind = CASE WHEN processing_status IN ('completed', 'reprocessing') THEN NULL ELSE 'superseded' END,
           lease_until = NULL
     WHERE id = ANY (old);
    FOR digest IN SELECT DISTINCT t.file_hash FROM public.therapy_sessions t WHERE t.id = ANY (old) AND t.file_hash IS NOT NULL
    LOOP
        PERFORM app.settle_twins(digest);
    END LOOP;
END
$$;
COMMENT ON FUNCTION app.supersede(uuid[], uuid) IS 'Other bytes lie where these sessions'' did.';

CREATE FUNCTION app.name_patient(session uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    named  record;
    before text;
BEGIN
    SELECT r.*, t.patient_id AS had INTO named
      FROM public.therapy_sessions t, app.resolve_patient(t.file_path, t.game_metadata ->> 'player') r
     WHERE t.id = session AND NOT t.patient_chosen;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    before := named.had;
    UPDATE public.therapy_sessions
       SET patient_id = NULL, therapist_id = NULL, pseudonym = NULL,
           claimed_patient_code = named.claimed, patient_finding = named.finding
     WHERE id = session AND patient_id IS DISTINCT FROM named.patient
        OR id = session AND (claimed_patient_code, patient_finding) IS DISTINCT FROM (named.claimed, named.finding);
    PERFORM app.set_patient(session, named.patient, false);
    RETURN before IS DISTINCT FROM named.patient;
END
$$;
COMMENT ON FUNCTION app.name_patient(uuid) IS 'Look at a session''s patient again, unless a person chose it; whether it is another now.';

CREATE OR REPLACE FUNCTION app.describe(session uuid, said jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    technical jsonb := said -> 'technical';
BEGIN
    INSERT INTO public.c3d_technical_data AS t
    SELECT (jsonb_populate_record(NULL::public.c3d_technical_data,
            technical || jsonb_build_object('session_id', session, 'extracted_at', now()))).*
    ON CONFLICT (session_id) DO UPDATE
       SET original_sampling_rate = excluded.original_sampling_rate,
           original_duration_seconds = excluded.original_duration_seconds,
           original_sample_count = excluded.original_sample_count,
           channel_count = excluded.channel_count,
           channel_names = excluded.channel_names,
           emg_labels = excluded.emg_labels,
           sampling_rate = excluded.sampling_rate,
           duration_seconds = excluded.duration_seconds,
           frame_count = excluded.frame_count,
           rate_correction = excluded.rate_correction,
           rate_assumed = excluded.rate_assumed,
           extracted_at = excluded.extracted_at
     WHERE to_jsonb(t) - 'extracted_at' <> to_jsonb(excluded) - 'extracted_at';
    UPDATE public.therapy_sessions
       SET game_metadata = NULLIF(said -> 'game', 'null'),
           findings = said -> 'findings',
           started_local = (said ->> 'started_local')::timestamp,
           session_date = (said ->> 'session_date')::timestamptz
     WHERE id = session
       AND (game_metadata, findings, started_local, session_date) IS DISTINCT FROM
           (NULLIF(said -> 'game', 'null'), said -> 'findings', (said ->> 'started_local')::timestamp,
            (said ->> 'session_date')::timestamptz);
    PERFORM app.name_patient(session);
END
$$;

CREATE FUNCTION app.learn(session uuid, event jsonb, present boolean) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
    -- What this announcement knows more. Its version is the present one, or another that these
    -- bytes once had.
    UPDATE public.therapy_sessions t
       SET storage_object_id = k.object_id, storage_version = k.version, past_versions = k.past,
           storage_etag = k.etag, file_size_bytes = k.size, stored_at = k.stored_at,
           storage_sequencer = k.sequencer
      FROM (SELECT o.id, COALESCE(o.storage_object_id, event ->> 'object_id') AS object_id, v.version,
                   ARRAY(SELECT DISTINCT x
                           FROM unnest(o.past_versions || CASE WHEN v.moved THEN ARRAY[event ->> 'old_version'] END
                                       || CASE WHEN o.storage_object_id IS NOT NULL
                                               THEN ARRAY[o.storage_version, event ->> 'version'] END) x
                          WHERE x <> v.version ORDER BY x) AS past,
                   COALESCE(o.storage_etag, trim('"' FROM event ->> 'etag')) AS etag,
                   CASE WHEN event ->> 'shape' = 'sweep' THEN COALESCE((event ->> 'size_bytes')::bigint, o.file_size_bytes)
                        ELSE COALESCE(o.file_size_bytes, (event ->> 'size_bytes')::bigint) END AS size,
                   GREATEST(o.stored_at, (event ->> 'modified_at')::timestamptz) AS stored_at,
                   CASE WHEN o.file_path <> event ->> 'name' THEN event ->> 'sequencer'
                        ELSE (SELECT s FROM unnest(ARRAY[o.storage_sequencer, event ->> 'sequencer']) s
                               WHERE s IS NOT NULL ORDER BY rpad(lower(s), 64, '0') COLLATE "C" DESC LIMIT 1) END AS sequencer
              FROM public.therapy_sessions o,
                   LATERAL (SELECT CASE WHEN present AND event ? 'version'
                                             AND (event ->> 'shape' = 'sweep'
                                                  OR event ->> 'version' <> ALL (o.past_versions)
                                                     AND app.age(event, o) IS DISTINCT FROM -1)
                                        THEN event ->> 'version' ELSE o.storage_version END AS version,
                                   event ->> 'old_name' <> event ->> 'name' AS moved) v
             WHERE o.id = session) k
     WHERE t.id = k.id
       AND (t.storage_object_id, t.storage_version, t.past_versions, t.storage_etag, t.file_size_bytes, t.stored_at,
            t.storage_sequencer)
           IS DISTINCT FROM (k.object_id, k.version, k.past, k.etag, k.size, k.stored_at, k.sequencer)
$$;
COMMENT ON FUNCTION app.learn(uuid, jsonb, boolean) IS 'Note what an announcement of a known object says of it that was not known.';

CREATE FUNCTION app.place(session uuid, event jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    path  text := event ->> 'name';
    known public.therapy_sessions;
    again boolean;
BEGIN
    PERFORM app.supersede(ARRAY(SELECT t.id FROM public.therapy_sessions t
                                 WHERE t.id = ANY (ARRAY(SELECT app.sessions_at(event)))
                                   AND t.id <> session AND t.superseded_by IS NULL), session);
    PERFORM app.learn(session, event, true);
    SELECT * INTO known FROM public.therapy_sessions t WHERE t.id = session;
    -- Whoever works on it looks under the old name: the lease is taken away, the work begins anew.
    again := known.processing_status IN ('pending', 'processing', 'reprocessing')
             OR COALESCE(known.failure_kind IN ('file_gone', 'superseded'), false);
    UPDATE public.therapy_sessions
       SET file_path = path, session_id = regexp_replace(path, '^.*/|\.[cC]3[dD]$', '', 'g'),
           superseded_by = NULL, object_gone_at = NULL,
           processing_status = CASE WHEN again AND known.processing_status <> 'reprocessing' THEN 'pending' ELSE known.processing_status END,
           failure_kind = CASE WHEN again THEN NULL ELSE known.failure_kind END,
           failure_code = CASE WHEN again THEN NULL ELSE known.failure_code END,
           processing_error_message = CASE WHEN again THEN NULL ELSE known.processing_error_message END,
           attempt = known.attempt + again::integer, tries = CASE WHEN again THEN 0 ELSE known.tries END,
           lease_until = CASE WHEN again THEN NULL ELSE known.lease_until END
     WHERE id = session;
    IF again THEN
        PERFORM app.enqueue_upload(session);
    END IF;
    IF known.file_hash IS NOT NULL THEN
        PERFORM app.settle_twins(known.file_hash);
    END IF;
    IF app.name_patient(session) THEN
        PERFORM app.score_again(session);
    END IF;
END
$$;
COMMENT ON FUNCTION app.place(uuid, jsonb) IS 'These bytes lie there now, under this name: the session is live, and whatever lay there is superseded.';

CREATE FUNCTION app.enqueue_upload(session uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.c3d_technical_data t WHERE t.session_id = session) THEN
        PERFORM app.enqueue('extract_metadata', session, 50);
    END IF;
    PERFORM app.enqueue('analyse_session', session, 10);
END
$$;
COMMENT ON FUNCTION app.enqueue_upload(uuid) IS 'Queue what a recording needs that has just come.';

CREATE FUNCTION app.fate(same uuid, event jsonb) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    known  public.therapy_sessions;
    other  public.therapy_sessions;
    after_ boolean;
    missed boolean;
BEGIN
    SELECT * INTO known FROM public.therapy_sessions t WHERE t.id = same;
    -- Nobody said that it was removed: a worker did not find it, too early or under an old name.
    missed := known.object_gone_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM public.upload_events e
         WHERE e.session_id = same AND e.operation = 'removed' AND e.outcome = 'gone');
    IF event ->> 'version' = ANY (known.past_versions) AND NOT app.lies_there(event, (
            SELECT max(e.received_at) FROM public.upload_events e
             WHERE e.session_id = same AND e.outcome IN ('created', 'renamed', 'restored')))
    THEN
        RETURN 'late';
    END IF;
    -- What holds the place now: a later version of this object, else another object of this name.
    SELECT * INTO other FROM public.therapy_sessions t
     WHERE t.id = ANY (ARRAY(SELECT app.sessions_at(event))) AND t.id <> same AND t.superseded_by IS NULL
     ORDER BY t.storage_object_id = event ->> 'object_id' DESC NULLS LAST LIMIT 1;
    after_ := COALESCE(app.age(event, other) > 0, app.lies_there(event, other.created_at));
    IF known.superseded_by IS NULL AND known.object_gone_at IS NULL AND known.file_path = event ->> 'name' THEN
        RETURN 'duplicate';
    ELSIF app.removed_since(event) THEN
        RETURN 'late';
    ELSIF known.object_gone_at IS NOT NULL AND NOT missed THEN
        -- A version that is gone comes back by a mistake of ours; the same bytes may be stored again.
        RETURN CASE WHEN other.id IS NOT NULL AND NOT after_ THEN 'late'
                    WHEN app.lies_there(event, known.object_gone_at) THEN 'restored'
                    WHEN NOT event ? 'version' AND app.age(event, known) > 0 THEN 'restored'
                    ELSE 'late' END;
    ELSIF app.age(event, known) < 0 THEN
        RETURN 'late';
    ELSIF known.file_path = event ->> 'name' THEN
        RETURN CASE WHEN missed AND other.id IS NULL OR after_ THEN 'restored' ELSE 'duplicate' END;
    ELSIF other.id IS NOT NULL AND NOT after_
          AND (app.age(event, other) < 0 OR other.storage_object_id = known.storage_object_id) THEN
        RETURN 'late';
    END IF;
    RETURN 'renamed';
END
$$;
COMMENT ON FUNCTION app.fate(uuid, jsonb) IS 'What an announcement of a known object means: duplicate, renamed, restored or late.';

CREATE FUNCTION app.complete_upload(same uuid, event jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    known public.therapy_sessions;
BEGIN
    -- A webhook may be quicker than the page that has stored the file: what the page says counts all the same.
    IF event ? 'facts' AND NOT EXISTS (SELECT FROM public.c3d_technical_data t WHERE t.session_id = same) THEN
        PERFORM app.describe(same, event -> 'facts');
    END IF;
    SELECT * INTO known FROM public.therapy_sessions t WHERE t.id = same;
    IF COALESCE(event ->> 'shape', 'page') <> 'page' OR (known.uploaded_by = app.person()) IS FALSE
       OR known.uploaded_by IS NOT NULL AND app.person() IS NULL THEN
        RETURN;
    END IF;
    UPDATE public.therapy_sessions t
       SET uploaded_by = COALESCE(t.uploaded_by, app.person()), file_hash = COALESCE(t.file_hash, event ->> 'file_hash')
     WHERE t.id = same
       AND (t.uploaded_by IS NULL AND app.person() IS NOT NULL OR t.file_hash IS NULL AND event ? 'file_hash');
    IF event ? 'patient_code' AND (NOT known.patient_chosen OR known.patient_id IS DISTINCT FROM event ->> 'patient_code') THEN
        PERFORM app.set_patient(same, event ->> 'patient_code', true);
        PERFORM app.score_again(same);
    END IF;
    IF event ?| ARRAY['left', 'right'] THEN
        PERFORM app.set_legs(same, event ->> 'left', event ->> 'right');
        PERFORM app.score_again(same);
    END IF;
END
$$;
COMMENT ON FUNCTION app.complete_upload(uuid, jsonb) IS 'Add what this announcement knows of the recording to the session that another made.';

DROP FUNCTION app.add_session(uuid, text, jsonb);
CREATE FUNCTION app.add_session(event jsonb, newer uuid, removed boolean) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    path    text := event ->> 'name';
    facts   jsonb := event -> 'facts';
    wanted  uuid := COALESCE((event ->> 'session_id')::uuid, app.number_in_name(path));
    new_id  uuid := CASE WHEN NOT EXISTS (SELECT FROM public.therapy_sessions t WHERE t.id = wanted)
                         THEN COALESCE(wanted, gen_random_uuid()) ELSE gen_random_uuid() END;
    named   record;
    chosen  boolean := true;
    kind    text := CASE WHEN newer IS NOT NULL THEN 'superseded' WHEN event ? 'refused' THEN 'unreadable'
                         WHEN removed THEN 'file_gone' END;
BEGIN
    IF event ? 'patient_code' THEN
        SELECT event ->> 'patient_code' AS patient, NULL AS claimed, NULL AS finding INTO named;
    ELSE
        -- Whoever uploaded on our page chose the patient that the name begins with.
        SELECT p.patient_code AS patient, NULL AS claimed, NULL AS finding INTO named
          FROM public.patients p
         WHERE p.patient_code = split_part(path, '/', 1) AND app.number_in_name(path) IS NOT NULL;
        chosen := FOUND;
    END IF;
    IF NOT chosen THEN
        SELECT r.* INTO named FROM app.resolve_patient(path, facts -> 'game' ->> 'player') r;
    END IF;
    IF newer IS NULL THEN
        PERFORM app.supersede(ARRAY(SELECT t.id FROM public.therapy_sessions t
                                     WHERE t.id = ANY (ARRAY(SELECT app.sessions_at(event))) AND t.superseded_by IS NULL), new_id);
    END IF;
    -- All that is known goes into the first version of the row: each later one costs every index.
    INSERT INTO public.therapy_sessions (id, file_path, file_hash, file_size_bytes, storage_bucket,
                storage_object_id, storage_version, storage_etag, stored_at, storage_sequencer, past_versions,
                replaced_version, session_id, uploaded_by,
                patient_id, therapist_id, pseudonym, patient_chosen, claimed_patient_code, patient_finding,
                game_metadata, findings, started_local, session_date,
                processing_status, failure_kind, failure_code, processing_error_message, object_gone_at, superseded_by)
    SELECT new_id, path, event ->> 'file_hash', (event ->> 'size_bytes')::bigint, event ->> 'bucket',
           event ->> 'object_id', app.version_of(event), trim('"' FROM event ->> 'etag'),
           (event ->> 'modified_at')::timestamptz, event ->> 'sequencer',
           CASE WHEN moved AND event ? 'old_version' THEN ARRAY[event ->> 'old_version'] ELSE '{}' END,
           CASE WHEN NOT moved THEN event ->> 'old_version' END,
           regexp_replace(path, '^.*/|\.[cC]3[dD]$', '', 'g'), app.person(),
           p.patient_code, p.therapist_id, p.pseudonym, chosen, named.claimed, named.finding,
           NULLIF(facts -> 'game', 'null'), facts -> 'findings', (facts ->> 'started_local')::timestamp,
           (facts ->> 'session_date')::timestamptz,
           CASE WHEN kind IS NULL THEN 'pending' ELSE 'failed' END, kind,
           CASE kind WHEN 'unreadable' THEN event -> 'refused' ->> 'code' WHEN 'file_gone' THEN 'object_gone' END,
           CASE kind WHEN 'unreadable' THEN event -> 'refused' ->> 'sentence'
                     WHEN 'file_gone' THEN 'The recording was removed from the store before it was read.' END,
           CASE WHEN removed THEN now() END, newer
      FROM (SELECT COALESCE(event ->> 'old_name' <> path, false) AS moved) one
      LEFT JOIN public.patients p ON p.patient_code = named.patient;
    IF event ? 'facts' THEN
        PERFORM app.describe(new_id, event -> 'facts');
    END IF;
    PERFORM app.set_legs(new_id, event ->> 'left', event ->> 'right');
    IF kind IS NULL THEN
        PERFORM app.enqueue_upload(new_id);
    END IF;
    RETURN new_id;
END
$$;
COMMENT ON FUNCTION app.add_session(jsonb, uuid, boolean) IS 'A new session with its patient, legs and jobs; without work where a newer one has its place, or its object is gone or can never be read.';

-- announcements

CREATE FUNCTION app.lock_object(event jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    bucket   text := event ->> 'bucket';
    sessions uuid[];
    one      record;
BEGIN
    -- Two announcements of one name or one object, one after the other; always in the same order.
    FOR one IN
        SELECT DISTINCT hashtextextended(k.key, 0) AS key
          FROM unnest(ARRAY[bucket || '/' || (event ->> 'name'), bucket || '/' || (event ->> 'old_name'),
                            bucket || '#' || (event ->> 'object_id')]) k (key)
         WHERE k.key IS NOT NULL ORDER BY 1
    LOOP
        PERFORM pg_catalog.pg_advisory_xact_lock(one.key);
    END LOOP;
    sessions := ARRAY(SELECT app.sessions_at(event) UNION SELECT app.session_of_object(event));
    -- As an analysis does: first the bytes, then the rows.
    FOR one IN
        SELECT DISTINCT t.file_hash AS digest FROM public.therapy_sessions t
         WHERE t.id = ANY (sessions) AND t.file_hash IS NOT NULL ORDER BY 1
    LOOP
        PERFORM pg_catalog.pg_advisory_xact_lock(hashtextextended(one.digest, 1));
    END LOOP;
    PERFORM FROM public.therapy_sessions t WHERE t.id = ANY (sessions) ORDER BY t.id FOR UPDATE;
END
$$;
COMMENT ON FUNCTION app.lock_object(jsonb) IS 'Wait for whoever else announces this object or works on its sessions.';

CREATE FUNCTION app.removed_since(event jsonb) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    -- Its removal was announced before it was: by id for ever, by name where the store's order says so.
    SELECT COALESCE(removed_since.event ->> 'shape', '') <> 'sweep' AND EXISTS (
        SELECT FROM public.upload_events e
         WHERE e.object_name = removed_since.event ->> 'name' AND e.bucket = removed_since.event ->> 'bucket' AND e.operation = 'removed'
           AND e.shape IS DISTINCT FROM 'sweep'
           AND CASE WHEN e.event ? 'object_id' AND removed_since.event ? 'object_id' THEN e.event ->> 'object_id' = removed_since.event ->> 'object_id'
                    WHEN e.event ? 'sequencer' AND removed_since.event ? 'sequencer'
                    THEN rpad(lower(removed_since.event ->> 'sequencer'), 64, '0') COLLATE "C" < rpad(lower(e.event ->> 'sequencer'), 64, '0')
                    ELSE COALESCE((removed_since.event ->> 'modified_at')::timestamptz < (e.event ->> 'modified_at')::timestamptz, false) END)
$$;
COMMENT ON FUNCTION app.removed_since(jsonb) IS 'Whether this object, announced now, is known to have been removed after.';

CREATE FUNCTION app.receive_object(event jsonb, OUT session uuid, OUT outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    newer   uuid;
    removed boolean;
BEGIN
    session := app.session_of_object(event);
    PERFORM app.check_owner(event, ARRAY(SELECT app.sessions_at(event) UNION SELECT session));
    IF session IS NULL THEN
        SELECT t.id INTO newer FROM public.therapy_sessions t
         WHERE t.id = ANY (ARRAY(SELECT app.sessions_at(event))) AND t.superseded_by IS NULL
           AND (app.age(event, t) < 0 OR event ->> 'version' = ANY (t.past_versions))
         ORDER BY t.storage_object_id = event ->> 'object_id' DESC NULLS LAST LIMIT 1;
        removed := app.removed_since(event);
        IF removed AND newer IS NULL THEN
            SELECT t.id INTO newer FROM public.therapy_sessions t
             WHERE t.id = ANY (ARRAY(SELECT app.sessions_at(event))) AND t.superseded_by IS NULL AND t.object_gone_at IS NULL LIMIT 1;
        END IF;
        session := app.add_session(event, newer, removed);
        outcome := CASE WHEN newer IS NOT NULL THEN 'late' WHEN removed THEN 'gone' ELSE 'created' END;
        RETURN;
    END IF;
    outcome := app.fate(session, event);
    IF outcome IN ('renamed', 'restored') THEN
        PERFORM app.place(session, event);
    ELSE
        PERFORM app.learn(session, event, outcome = 'duplicate');
    END IF;
    PERFORM app.complete_upload(session, event);
END
$$;
COMMENT ON FUNCTION app.receive_object(jsonb) IS 'An object lies in the store: its session, and what the announcement changed.';

CREATE FUNCTION app.remove_object(event jsonb, OUT session uuid, OUT outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    known public.therapy_sessions;
BEGIN
    SELECT * INTO known FROM public.therapy_sessions t
     WHERE t.id = ANY (ARRAY(SELECT app.sessions_at(event))) AND t.superseded_by IS NULL
       AND NOT COALESCE(t.storage_object_id <> event ->> 'object_id', false)
     ORDER BY t.storage_object_id = event ->> 'object_id' DESC NULLS LAST LIMIT 1;
    session := known.id;
    outcome := 'gone';
    IF session IS NULL THEN
        RETURN;
    END IF;
    -- An object with an id is gone under whatever name; a name may have been given anew.
    IF (known.storage_object_id = event ->> 'object_id') IS NOT TRUE AND (
            app.age(event, known) < 0
            OR known.storage_etag <> trim('"' FROM event ->> 'etag')
            OR known.storage_object_id IS NULL AND NOT event ? 'object_id' AND known.storage_version <> app.version_of(event))
       OR (event ->> 'seen_at')::timestamptz < known.created_at
    THEN
        outcome := 'late';
        RETURN;
    END IF;
    UPDATE public.therapy_sessions t
       SET object_gone_at = now(),
           stored_at = GREATEST(t.stored_at, (event ->> 'modified_at')::timestamptz),
           storage_sequencer = COALESCE(event ->> 'sequencer', t.storage_sequencer),
           processing_status = CASE t.processing_status WHEN 'reprocessing' THEN 'completed' WHEN 'completed' THEN 'completed' ELSE 'failed' END,
           failure_kind = CASE WHEN t.processing_status IN ('pending', 'processing') THEN 'file_gone' ELSE t.failure_kind END,
           failure_code = CASE WHEN t.processing_status IN ('pending', 'processing') THEN 'object_gone' ELSE t.failure_code END,
           processing_error_message = CASE WHEN t.processing_status IN ('pending', 'processing')
                                           THEN 'The recording was removed from the store before it was read.'
                                           ELSE t.processing_error_message END,
           lease_until = NULL
     WHERE t.id = session AND t.object_gone_at IS NULL;
END
$$;
COMMENT ON FUNCTION app.remove_object(jsonb) IS 'An object is no longer in the store: its session keeps its numbers, or ends without any.';

CREATE FUNCTION app.receive_event(event jsonb)
RETURNS TABLE (event_id bigint, session_id uuid, outcome text, status text, metadata jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    gone_     boolean := COALESCE(event ->> 'operation' = 'removed', false);
    source_   text := COALESCE(event ->> 'source', 'page');
    delivery  text := COALESCE(event ->> 'delivery_id', concat(event ->> 'bucket', '/', event ->> 'name', '@',
                               app.version_of(event), CASE WHEN gone_ THEN ' removed' END));
BEGIN
    PERFORM app.check_upload(event);
    PERFORM app.check_announcer(event);
    IF octet_length(delivery) > 2400 THEN  -- of what is ignored, whatever it is called
        delivery := encode(sha256(convert_to(delivery, 'UTF8')), 'hex');
    END IF;
    PERFORM app.lock_object(event);
    -- The sender's own number: what it says was done when it came first.
    UPDATE public.upload_events e SET deliveries = e.deliveries + 1
     WHERE e.source = source_ AND e.delivery_id = receive_event.event ->> 'delivery_id'
    RETURNING e.id, e.session_id, e.outcome INTO event_id, session_id, outcome;
    IF FOUND THEN
        outcome := CASE WHEN session_id IS NULL OR outcome IN ('gone', 'ignored') THEN outcome ELSE 'duplicate' END;
    ELSE
        IF event ? 'ignored' THEN
            outcome := 'ignored';
        ELSIF gone_ THEN
            SELECT r.session, r.outcome INTO session_id, outcome FROM app.remove_object(event) r;
        ELSE
            SELECT r.session, r.outcome INTO session_id, outcome FROM app.receive_object(event) r;
        END IF;
        INSERT INTO public.upload_events AS e (source, delivery_id, body_digest, outcome, session_id, shape, operation,
                                               bucket, object_name, object_version, reason, event)
        VALUES (source_, delivery, event ->> 'body_digest', receive_event.outcome, receive_event.session_id,
                COALESCE(event ->> 'shape', 'page'), CASE WHEN gone_ THEN 'removed' ELSE 'created' END,
                event ->> 'bucket', event ->> 'name', app.version_of(event),
                COALESCE(event ->> 'ignored', event -> 'refused' ->> 'code'), event - 'facts')
        ON CONFLICT (source, delivery_id) DO UPDATE
           SET deliveries = e.deliveries + 1,
               outcome = CASE excluded.outcome WHEN 'duplicate' THEN e.outcome ELSE excluded.outcome END,
               session_id = excluded.session_id, event = excluded.event
        RETURNING e.id INTO event_id;
    END IF;
    SELECT t.processing_status,
           (SELECT to_jsonb(c) - 'session_id' - 'extracted_at' FROM public.c3d_technical_data c WHERE c.session_id = t.id)
      INTO status, metadata
      FROM public.therapy_sessions t WHERE t.id = receive_event.session_id;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION app.receive_event(jsonb) IS 'One announcement of an object, in one transaction: the event, its session, its jobs. Announced twice, late or out of order, it ends the same.';

CREATE OR REPLACE FUNCTION app.receive_upload(event jsonb)
RETURNS TABLE (session_id uuid, created boolean, status text)
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
    SELECT r.session_id, r.outcome = 'created', r.status FROM app.receive_event(event) r
$$;
COMMENT ON FUNCTION app.receive_upload(jsonb) IS 'app.receive_event, as older programs call it.';

CREATE FUNCTION app.replay_event(wanted bigint)
RETURNS TABLE (event_id bigint, session_id uuid, outcome text, status text, metadata jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    stored jsonb;
BEGIN
    SELECT e.event - 'delivery_id' || jsonb_build_object('source', 'replay') INTO stored
      FROM public.upload_events e WHERE e.id = wanted;
    IF stored IS NULL THEN
        RAISE EXCEPTION 'There is no such delivery, or it is too old to be played again.' USING ERRCODE = 'MG404';
    END IF;
    SELECT * INTO event_id, session_id, outcome, status, metadata FROM app.receive_event(stored);
    -- A dead letter gets new life: whatever stopped it may be mended by now.
    UPDATE public.therapy_sessions t
       SET processing_status = 'pending', failure_kind = NULL, failure_code = NULL,
           processing_error_message = NULL, object_gone_at = NULL, tries = 0
     WHERE t.id = replay_event.session_id AND t.superseded_by IS NULL
       AND stored ->> 'operation' IS DISTINCT FROM 'removed'
       AND t.failure_kind IN ('gave_up', 'file_gone');
    IF FOUND THEN
        status := 'pending';
        PERFORM app.enqueue_upload(replay_event.session_id);
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION app.replay_event(bigint) IS 'Play a stored announcement again; where its session gave up or lost its file, it is queued once more.';

CREATE FUNCTION app.forget_events(kept interval) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    forgotten bigint := 0;
    batch     bigint;
BEGIN
    -- In the order of arrival and so without an index of times.
    LOOP
        DELETE FROM public.upload_events e
         WHERE e.id IN (SELECT o.id FROM public.upload_events o ORDER BY o.id LIMIT 1000)
           AND e.received_at < now() - kept;
        GET DIAGNOSTICS batch = ROW_COUNT;
        forgotten := forgotten + batch;
        EXIT WHEN batch < 1000;
    END LOOP;
    DELETE FROM public.storage_outbox o WHERE o.settled_at < now() - kept;
    RETURN forgotten;
END
$$;
COMMENT ON FUNCTION app.forget_events(interval) IS 'Delete deliveries and settled outbox rows that are older; the number of deliveries. Which session an object has is never forgotten.';

DO $$
DECLARE
    ours text;
BEGIN
    FOREACH ours IN ARRAY ARRAY['check_announcer(jsonb)', 'check_owner(jsonb, uuid[])', 'version_of(jsonb)',
        'number_in_name(text)', 'sessions_at(jsonb)', 'age(jsonb, public.therapy_sessions)',
        'lies_there(jsonb, timestamptz)', 'settle_twins(text)', 'supersede(uuid[], uuid)', 'name_patient(uuid)',
        'learn(uuid, jsonb, boolean)', 'place(uuid, jsonb)', 'enqueue_upload(uuid)', 'fate(uuid, jsonb)',
        'complete_upload(uuid, jsonb)', 'add_session(jsonb, uuid, boolean)', 'lock_object(jsonb)',
        'removed_since(jsonb)', 'receive_object(jsonb)', 'remove_object(jsonb)', 'receive_event(jsonb)',
        'replay_event(bigint)', 'forget_events(interval)']
    LOOP
        EXECUTE format('ALTER FUNCTION app.%s OWNER TO myograph_worker', ours);
        EXECUTE format('REVOKE ALL ON FUNCTION app.%s FROM PUBLIC', ours);
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION app.receive_event(jsonb) TO myograph_web, myograph_therapist, myograph_admin;
GRANT EXECUTE ON FUNCTION app.replay_event(bigint) TO myograph_admin;
REVOKE CREATE ON SCHEMA app FROM myograph_worker;
