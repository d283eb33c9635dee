-- What an administrator may know of the queue, which belongs to the worker.

GRANT CREATE ON SCHEMA app TO myograph_worker;

CREATE FUNCTION app.queued_work()
RETURNS TABLE (task text, waiting bigint, running bigint, put_off bigint, oldest_waiting timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = queue, pg_temp
AS $$
BEGIN
    IF NOT app.acts_as('admin') THEN
        RAISE EXCEPTION 'Only an administrator may see the queue.' USING ERRCODE = 'MG403';
    END IF;
    RETURN QUERY
    SELECT j.task_name::text,
           count(*) FILTER (WHERE j.status = 'todo' AND COALESCE(j.scheduled_at <= now(), true)),
           count(*) FILTER (WHERE j.status = 'doing'),
           count(*) FILTER (WHERE j.status = 'todo' AND j.scheduled_at > now()),
           -- A job that was put off has waited since it was due.
           min(COALESCE(j.scheduled_at, e.at)) FILTER (WHERE j.status = 'todo' AND COALESCE(j.scheduled_at <= now(), true))
      FROM procrastinate_jobs j
      LEFT JOIN LATERAL (SELECT v.at FROM procrastinate_events v
                          WHERE v.job_id = j.id AND v.type = 'deferred' ORDER BY v.at LIMIT 1) e ON j.status = 'todo'
     WHERE j.status IN ('todo', 'doing')
     GROUP BY j.task_name
     ORDER BY j.task_name;
END
$$;
COMMENT ON FUNCTION app.queued_work() IS 'Jobs by task: waiting, running, put off until later, and since when the oldest waits. For admins.';

ALTER FUNCTION app.queued_work() OWNER TO myograph_worker;
REVOKE ALL ON FUNCTION app.queued_work() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.queued_work() TO myograph_admin;
REVOKE CREATE ON SCHEMA app FROM myograph_worker;
