-- An announcement of something new asks nothing of sessions that are not there: a query over a list
-- of none is planned anew each time, and planning cost more than all the rest.

-- Of many sessions in one transaction, too, the first is the one that came first.
ALTER TABLE therapy_sessions ALTER COLUMN created_at SET DEFAULT clock_timestamp();

CREATE OR REPLACE FUNCTION app.supersede(old uuid[], by_session uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    digest text;
BEGIN
    IF cardinality(old) = 0 THEN
        RETURN;
    END IF;
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

CREATE OR REPLACE FUNCTION app.enqueue_upload(session uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = queue, pg_temp
AS $$
    SELECT procrastinate_defer_jobs_v1(array_agg(
               ROW('myograph', j.task, j.priority, NULL, NULL, jsonb_build_object('session_id', session), NULL)
               ::procrastinate_job_to_defer_v1 ORDER BY j.priority DESC))
      FROM (VALUES ('extract_metadata', 50), ('analyse_session', 10)) j (task, priority)
     WHERE j.task <> 'extract_metadata'
        OR NOT EXISTS (SELECT FROM public.c3d_technical_data t WHERE t.session_id = session)
$$;

CREATE OR REPLACE FUNCTION app.lock_object(event jsonb) RETURNS void
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
    sessions := array_remove(sessions, NULL);
    IF cardinality(sessions) = 0 THEN
        RETURN;
    END IF;
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

CREATE OR REPLACE FUNCTION app.receive_object(event jsonb, OUT session uuid, OUT outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    here    uuid[] := ARRAY(SELECT app.sessions_at(event));
    newer   uuid;
    removed boolean;
BEGIN
    session := app.session_of_object(event);
    PERFORM app.check_owner(event, here || session);
    IF session IS NULL THEN
        removed := app.removed_since(event);
        IF cardinality(here) > 0 THEN
            SELECT t.id INTO newer FROM public.therapy_sessions t
             WHERE t.id = ANY (here) AND t.superseded_by IS NULL
               AND (app.age(event, t) < 0 OR event ->> 'version' = ANY (t.past_versions))
             ORDER BY t.storage_object_id = event ->> 'object_id' DESC NULLS LAST LIMIT 1;
            IF removed AND newer IS NULL THEN
                SELECT t.id INTO newer FROM public.therapy_sessions t
                 WHERE t.id = ANY (here) AND t.superseded_by IS NULL AND t.object_gone_at IS NULL LIMIT 1;
            END IF;
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
