-- Many announcements by one statement. What is plainly new, and that is nearly all, is written
-- down a table at a time: one by one each paid for itself what a statement costs.

GRANT CREATE ON SCHEMA app TO myograph_worker;

CREATE FUNCTION app.delivery_of(event jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = ''
AS $$
    -- Of what is ignored, whatever it is called, a digest.
    SELECT CASE WHEN octet_length(d.id) > 2400 THEN encode(sha256(convert_to(d.id, 'UTF8')), 'hex') ELSE d.id END
      FROM (SELECT COALESCE(event ->> 'delivery_id',
                            concat(event ->> 'bucket', '/', event ->> 'name', '@', app.version_of(event),
                                   CASE WHEN event ->> 'operation' = 'removed' THEN ' removed' END)) AS id) d
$$;
COMMENT ON FUNCTION app.delivery_of(jsonb) IS 'The number of an announcement at its source, made of what it says where it has none.';

CREATE OR REPLACE FUNCTION app.receive_event(event jsonb)
RETURNS TABLE (event_id bigint, session_id uuid, outcome text, status text, metadata jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    gone_     boolean := COALESCE(event ->> 'operation' = 'removed', false);
    source_   text := COALESCE(event ->> 'source', 'page');
    delivery  text := app.delivery_of(event);
BEGIN
    PERFORM app.check_upload(event);
    PERFORM app.check_announcer(event);
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

CREATE FUNCTION app.plainly_new(event jsonb, delivery text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    bucket_ text := event ->> 'bucket';
    name_   text := event ->> 'name';
    object_ text := event ->> 'object_id';
    source_ text := COALESCE(event ->> 'source', 'page');
BEGIN
    PERFORM app.check_upload(event);
    IF event ?| ARRAY['ignored', 'refused', 'old_name', 'old_version', 'session_id', 'file_hash', 'patient_code', 'left', 'right']
       OR event ->> 'operation' = 'removed' OR COALESCE(event ->> 'shape', 'page') = 'page'
       OR app.number_in_name(name_) IS NOT NULL
    THEN
        RETURN false;
    END IF;
    RETURN NOT (
        EXISTS (SELECT FROM public.therapy_sessions t
                 WHERE t.storage_bucket = bucket_ AND t.file_path = name_ AND t.superseded_by IS NULL)
        OR EXISTS (SELECT FROM public.therapy_sessions t
                    WHERE t.storage_bucket = bucket_ AND t.file_path = name_ AND t.superseded_by IS NOT NULL)
        OR EXISTS (SELECT FROM public.therapy_sessions t
                    WHERE t.storage_bucket = bucket_ AND COALESCE(t.storage_object_id, t.file_path) = object_)
        OR EXISTS (SELECT FROM public.upload_events e
                    WHERE e.object_name = name_ AND e.bucket = bucket_ AND e.operation = 'removed')
        OR EXISTS (SELECT FROM public.upload_events e
                    WHERE e.source = source_ AND e.delivery_id = delivery));
END
$$;
COMMENT ON FUNCTION app.plainly_new(jsonb, text) IS 'Whether nothing is known of an announced object, neither a session nor that it was removed, and nobody says more of it than that it lies there.';

CREATE FUNCTION app.add_sessions(events jsonb, chosen bigint[])
RETURNS TABLE (n bigint, event_id bigint, session_id uuid, metadata jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' SET plan_cache_mode = 'force_generic_plan'
AS $$
DECLARE
    ids uuid[] := ARRAY(SELECT gen_random_uuid() FROM unnest(chosen));
BEGIN
    IF cardinality(chosen) = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH said AS MATERIALIZED (
        SELECT c.n, c.id, e.event, e.event ->> 'name' AS path, e.event -> 'facts' AS facts,
               p.patient_code, p.therapist_id, p.pseudonym, r.claimed, r.finding
          FROM jsonb_array_elements(events) WITH ORDINALITY e (event, n)
          JOIN unnest(chosen, ids) c (n, id) ON c.n = e.n
         CROSS JOIN LATERAL app.resolve_patient(e.event ->> 'name', e.event -> 'facts' -> 'game' ->> 'player') r
          LEFT JOIN public.patients p ON p.patient_code = r.patient
    ), made AS (
        INSERT INTO public.therapy_sessions (id, file_path, file_size_bytes, storage_bucket, storage_object_id,
                    storage_version, storage_etag, stored_at, storage_sequencer, session_id, patient_id, therapist_id,
                    pseudonym, patient_chosen, claimed_patient_code, patient_finding, game_metadata, findings,
                    started_local, session_date)
        SELECT s.id, s.path, (s.event ->> 'size_bytes')::bigint, s.event ->> 'bucket', s.event ->> 'object_id',
               app.version_of(s.event), trim('"' FROM s.event ->> 'etag'), (s.event ->> 'modified_at')::timestamptz,
               s.event ->> 'sequencer', regexp_replace(s.path, '^.*/|\.[cC]3[dD]$', '', 'g'),
               s.patient_code, s.therapist_id, s.pseudonym, false, s.claimed, s.finding,
               NULLIF(s.facts -> 'game', 'null'), s.facts -> 'findings', (s.facts ->> 'started_local')::timestamp,
               (s.facts ->> 'session_date')::timestamptz
          FROM said s ORDER BY s.n
    ), described AS (
        INSERT INTO public.c3d_technical_data AS t
        SELECT r.* FROM said s,
               jsonb_populate_record(NULL::public.c3d_technical_data,
                    s.facts -> 'technical' || jsonb_build_object('session_id', s.id, 'extracted_at', now())) r
         WHERE s.event ? 'facts'
        RETURNING t.session_id, to_jsonb(t) - 'session_id' - 'extracted_at' AS metadata
    ), noted AS (
        INSERT INTO public.upload_events AS u (source, delivery_id, body_digest, outcome, session_id, shape,
                    bucket, object_name, object_version, event)
        SELECT COALESCE(s.event ->> 'source', 'page'), app.delivery_of(s.event), s.event ->> 'body_digest', 'created',
               s.id, s.event ->> 'shape', s.event ->> 'bucket', s.path, app.version_of(s.event), s.event - 'facts'
          FROM said s ORDER BY s.n
        RETURNING u.id, u.session_id
    )
    SELECT s.n, noted.id, s.id, d.metadata
      FROM said s
      JOIN noted ON noted.session_id = s.id
      LEFT JOIN described d ON d.session_id = s.id;
    PERFORM app.enqueue_uploads(ids);
END
$$;
COMMENT ON FUNCTION app.add_sessions(jsonb, bigint[]) IS 'The sessions of those of the announcements, by number from 1, that are plainly new, each with its event, its patient and its jobs.';

CREATE FUNCTION app.enqueue_uploads(sessions uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = queue, pg_temp
AS $$
    SELECT procrastinate_defer_jobs_v1(array_agg(
               ROW('myograph', j.task, j.priority, NULL, NULL, jsonb_build_object('session_id', s.id), NULL)
               ::procrastinate_job_to_defer_v1 ORDER BY s.n, j.priority DESC))
      FROM unnest(sessions) WITH ORDINALITY s (id, n),
           (VALUES ('extract_metadata', 50), ('analyse_session', 10)) j (task, priority)
     WHERE j.task <> 'extract_metadata'
        OR NOT EXISTS (SELECT FROM public.c3d_technical_data t WHERE t.session_id = s.id)
$$;
COMMENT ON FUNCTION app.enqueue_uploads(uuid[]) IS 'Queue what recordings need that have just come.';

CREATE OR REPLACE FUNCTION app.enqueue_upload(session uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
    SELECT app.enqueue_uploads(ARRAY[session])
$$;

CREATE FUNCTION app.plainly_new_of(events jsonb) RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = 'force_generic_plan'
AS $$
BEGIN
    -- Two that speak of the same, or have one number, come one after the other.
    RETURN (
    WITH said AS MATERIALIZED (
        SELECT e.n, e.event, app.delivery_of(e.event) AS delivery
          FROM jsonb_array_elements(events) WITH ORDINALITY e (event, n)
    ), keys AS MATERIALIZED (
        SELECT s.n, k.key
          FROM said s,
               unnest(ARRAY[concat('name ', s.event ->> 'bucket', '/', s.event ->> 'name'),
                            'name ' || (s.event ->> 'bucket') || '/' || (s.event ->> 'old_name'),
                            'object ' || (s.event ->> 'bucket') || '#' || (s.event ->> 'object_id'),
                            concat('delivery ', s.event ->> 'source', '/', s.delivery)]) k (key)
         WHERE k.key IS NOT NULL
    ), shared AS (
        SELECT k.n FROM keys k JOIN (SELECT o.key FROM keys o GROUP BY o.key HAVING count(DISTINCT o.n) > 1) s USING (key)
    )
    SELECT COALESCE(array_agg(s.n ORDER BY s.n), '{}')
      FROM said s WHERE s.n NOT IN (SELECT shared.n FROM shared) AND app.plainly_new(s.event, s.delivery));
END
$$;
COMMENT ON FUNCTION app.plainly_new_of(jsonb) IS 'Which of the announcements, by number from 1, are plainly new and of nothing that another of them speaks of.';

CREATE FUNCTION app.receive_events(events jsonb)
RETURNS TABLE (event_id bigint, session_id uuid, outcome text, status text, metadata jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' SET plan_cache_mode = 'force_generic_plan'
AS $$
DECLARE
    one    record;
    chosen bigint[] := '{}';
BEGIN
    IF app.person() IS NULL THEN
        PERFORM app.check_announcer('{}');
        -- As app.lock_object does, of all of them in the same order.
        FOR one IN
            SELECT DISTINCT hashtextextended(k.key, 0) AS key
              FROM jsonb_array_elements(events) e (event),
                   unnest(ARRAY[(event ->> 'bucket') || '/' || (event ->> 'name'),
                                (event ->> 'bucket') || '/' || (event ->> 'old_name'),
                                (event ->> 'bucket') || '#' || (event ->> 'object_id')]) k (key)
             WHERE k.key IS NOT NULL ORDER BY 1
        LOOP
            PERFORM pg_catalog.pg_advisory_xact_lock(one.key);
        END LOOP;
        chosen := app.plainly_new_of(events);
    END IF;
    RETURN QUERY
    WITH added AS MATERIALIZED (SELECT a.* FROM app.add_sessions(events, chosen) a)
    SELECT r.event_id, r.session_id, r.outcome, r.status, r.metadata
      FROM (SELECT a.n, a.event_id, a.session_id, 'created' AS outcome, 'pending' AS status, a.metadata FROM added a
            UNION ALL
            SELECT e.n, o.event_id, o.session_id, o.outcome, o.status, o.metadata
              FROM jsonb_array_elements(events) WITH ORDINALITY e (event, n), app.receive_event(e.event) o
             WHERE e.n <> ALL (chosen)) r
     ORDER BY r.n;
END
$$;
COMMENT ON FUNCTION app.receive_events(jsonb) IS 'app.receive_event for each of many, in their order: all of them, or none.';

DO $$
DECLARE
    ours text;
BEGIN
    FOREACH ours IN ARRAY ARRAY['delivery_of(jsonb)', 'plainly_new(jsonb, text)', 'plainly_new_of(jsonb)',
        'add_sessions(jsonb, bigint[])', 'enqueue_uploads(uuid[])', 'receive_events(jsonb)']
    LOOP
        EXECUTE format('ALTER FUNCTION app.%s OWNER TO myograph_worker', ours);
        EXECUTE format('REVOKE ALL ON FUNCTION app.%s FROM PUBLIC', ours);
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION app.receive_events(jsonb) TO myograph_web;
REVOKE CREATE ON SCHEMA app FROM myograph_worker;
