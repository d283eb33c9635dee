-- Who holds a session, what waits for the store, and analysing many again without being in the way.

GRANT CREATE ON SCHEMA app TO myograph_worker;

ALTER TABLE therapy_sessions
    ADD COLUMN held_by bigint,
    ADD COLUMN put_off_since timestamptz;
COMMENT ON COLUMN therapy_sessions.held_by IS 'Advisory lock that the worker with the last claim holds for as long as it lives; null: only the lease tells.';
COMMENT ON COLUMN therapy_sessions.put_off_since IS 'Waiting since then for a store that does not answer, which counts as no try; null: not waiting.';

CREATE FUNCTION app.enqueue_later(task text, session_id uuid, priority integer, wait_s double precision) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = queue, pg_temp
AS $$
    SELECT procrastinate_defer_jobs_v1(ARRAY[
        ROW('myograph', task, priority, NULL, NULL, jsonb_build_object('session_id', session_id),
            clock_timestamp() + make_interval(secs => wait_s))
        ::procrastinate_job_to_defer_v1])
$$;
COMMENT ON FUNCTION app.enqueue_later(text, uuid, integer, double precision) IS 'Queue a task that is due in so many seconds.';

CREATE FUNCTION app.reprocess_many(sessions uuid[]) RETURNS bigint[]
LANGUAGE sql SECURITY DEFINER SET search_path = queue, pg_temp
AS $$
    -- Behind every fresh upload. A session that waits for it already is not queued again.
    SELECT COALESCE(procrastinate_defer_jobs_v1(array_agg(
               ROW('myograph', 'reprocess_session', -10, NULL, NULL, jsonb_build_object('session_id', s.id), NULL)
               ::procrastinate_job_to_defer_v1)), '{}')
      FROM unnest(sessions) s (id)
     WHERE NOT EXISTS (SELECT FROM procrastinate_jobs j
                        WHERE j.status = 'todo' AND j.task_name = 'reprocess_session'
                          AND (j.args ->> 'session_id')::uuid = s.id)
    HAVING count(*) > 0
$$;
COMMENT ON FUNCTION app.reprocess_many(uuid[]) IS 'Queue sessions to be analysed again when nothing else waits; the jobs.';

CREATE FUNCTION app.living() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT l.classid::bigint << 32 | l.objid::bigint
      FROM pg_catalog.pg_locks l
      JOIN pg_catalog.pg_database d ON d.oid = l.database
     WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND d.datname = current_database()
$$;
COMMENT ON FUNCTION app.living() IS 'Keys of the workers that are connected: a lock of a connection ends with it.';

CREATE OR REPLACE FUNCTION app.reap(max_tries integer, stalled_s double precision) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = queue, pg_temp
AS $$
DECLARE
    one      record;
    alive    bigint[] := ARRAY(SELECT app.living());
    reaped   integer := 0;
BEGIN
    -- Jobs in the hands of a worker that has gone silent.
    FOR one IN
        SELECT j.id FROM procrastinate_jobs j
          LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
         WHERE j.status = 'doing'
           AND (w.id IS NULL OR w.last_heartbeat < clock_timestamp() - make_interval(secs => stalled_s))
           FOR UPDATE OF j SKIP LOCKED
    LOOP
        PERFORM procrastinate_retry_job_v2(one.id, clock_timestamp(), NULL, NULL, NULL);
        reaped := reaped + 1;
    END LOOP;
    -- Sessions whose lease ran out or whose worker is gone, and those that wait for a job that is not there.
    FOR one IN
        SELECT t.id, t.tries, t.processing_status FROM public.therapy_sessions t
         WHERE t.processing_status IN ('processing', 'reprocessing')
               AND (t.lease_until < clock_timestamp()
                    OR t.lease_until IS NOT NULL AND t.held_by IS NOT NULL AND t.held_by <> ALL (alive))
            OR t.processing_status IN ('pending', 'reprocessing') AND t.lease_until IS NULL
               AND t.updated_at < clock_timestamp() - make_interval(secs => stalled_s)
               AND NOT EXISTS (SELECT FROM procrastinate_jobs j
                                WHERE j.status IN ('todo', 'doing')
                                  AND j.task_name IN ('analyse_session', 'reprocess_session')
                                  AND j.args ->> 'session_id' = t.id::text)
           FOR UPDATE OF t SKIP LOCKED
    LOOP
        reaped := reaped + 1;
        IF one.tries >= max_tries THEN
            UPDATE public.therapy_sessions
               SET processing_status = 'failed', failure_kind = 'gave_up', failure_code = 'gave_up',
                   processing_error_message = COALESCE(processing_error_message || ' ', '')
                       || format('The analysis was begun %s times and never finished.', one.tries),
                   lease_until = NULL, put_off_since = NULL, tries = 0
             WHERE id = one.id;
        ELSE
            UPDATE public.therapy_sessions
               SET processing_status = CASE one.processing_status WHEN 'reprocessing' THEN 'reprocessing' ELSE 'pending' END,
                   lease_until = NULL
             WHERE id = one.id;
            PERFORM app.enqueue('analyse_session', one.id, CASE one.processing_status WHEN 'reprocessing' THEN -10 ELSE 10 END);
        END IF;
    END LOOP;
    RETURN reaped;
END
$$;

DO $$
DECLARE
    ours text;
BEGIN
    FOREACH ours IN ARRAY ARRAY['enqueue_later(text, uuid, integer, double precision)', 'reprocess_many(uuid[])', 'living()']
    LOOP
        EXECUTE format('ALTER FUNCTION app.%s OWNER TO myograph_worker', ours);
        EXECUTE format('REVOKE ALL ON FUNCTION app.%s FROM PUBLIC', ours);
    END LOOP;
END
$$;
REVOKE CREATE ON SCHEMA app FROM myograph_worker;
