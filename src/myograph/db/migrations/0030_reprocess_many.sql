-- Asking for many sessions to be analysed again takes about as long as there are many, not as their square.

GRANT CREATE ON SCHEMA app TO myograph_worker;
CREATE OR REPLACE FUNCTION app.reprocess_many(sessions uuid[]) RETURNS bigint[]
LANGUAGE sql SECURITY DEFINER SET search_path = queue, pg_temp SET work_mem = '64MB'
AS $$
    -- Behind every fresh upload. A session that waits for it already is not queued again, nor by
    -- two who ask at the same time.
    SELECT pg_advisory_xact_lock(hashtextextended('reprocess many', 0));
    -- NOT IN: those that wait are read once and hashed, where NOT EXISTS may become any join.
    SELECT COALESCE(
               (SELECT procrastinate_defer_jobs_v1(array_agg(
                           ROW('myograph', 'reprocess_session', -10, NULL, NULL, jsonb_build_object('session_id', s.id), NULL)
                           ::procrastinate_job_to_defer_v1 ORDER BY s.n))
                  FROM unnest(sessions) WITH ORDINALITY s (id, n)
                 WHERE s.id NOT IN (SELECT (j.args ->> 'session_id')::uuid FROM procrastinate_jobs j
                                     WHERE j.status = 'todo' AND j.task_name = 'reprocess_session'
                                       AND j.args ? 'session_id')
                HAVING count(*) > 0),
               '{}')
$$;
REVOKE CREATE ON SCHEMA app FROM myograph_worker;
