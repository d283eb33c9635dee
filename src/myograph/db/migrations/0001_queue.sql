-- The job queue: procrastinate's own schema, read from the installed package, in a schema apart.

CREATE SCHEMA queue;
SET LOCAL search_path = queue;

-- include procrastinate/sql/schema.sql sha256 c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009

-- Only the worker touches the queue. The web makes a job through a function of ours, never itself.

ALTER TABLE procrastinate_jobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE procrastinate_jobs FORCE ROW LEVEL SECURITY;
ALTER TABLE procrastinate_workers ENABLE ROW LEVEL SECURITY;
ALTER TABLE procrastinate_workers FORCE ROW LEVEL SECURITY;
ALTER TABLE procrastinate_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE procrastinate_events FORCE ROW LEVEL SECURITY;
ALTER TABLE procrastinate_periodic_defers ENABLE ROW LEVEL SECURITY;
ALTER TABLE procrastinate_periodic_defers FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON procrastinate_jobs TO myograph_worker USING (true);
CREATE POLICY worker ON procrastinate_workers TO myograph_worker USING (true);
CREATE POLICY worker ON procrastinate_events TO myograph_worker USING (true);
CREATE POLICY worker ON procrastinate_periodic_defers TO myograph_worker USING (true);

GRANT USAGE ON SCHEMA queue TO myograph_worker;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA queue FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA queue TO myograph_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA queue TO myograph_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA queue TO myograph_worker;

COMMENT ON TABLE procrastinate_jobs IS 'Work to do, and what became of it. Made by functions in schema app alone.';
COMMENT ON TABLE procrastinate_workers IS 'Worker processes and when they were last alive.';
COMMENT ON TABLE procrastinate_events IS 'What happened to each job, and when.';
COMMENT ON TABLE procrastinate_periodic_defers IS 'Periodic jobs that were queued; we have none.';
