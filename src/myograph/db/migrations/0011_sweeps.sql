-- What the sweeps of the store did last: what /monitoring shows of them.

CREATE TABLE sweeps (
    bucket      text PRIMARY KEY,
    began_at    timestamptz NOT NULL,
    ended_at    timestamptz,
    listed      bigint CHECK (listed >= 0),
    created     bigint CHECK (created >= 0),
    overwritten bigint CHECK (overwritten >= 0),
    moved       bigint CHECK (moved >= 0),
    restored    bigint CHECK (restored >= 0),
    gone        bigint CHECK (gone >= 0),
    refused     bigint CHECK (refused >= 0),
    problem     text
);
COMMENT ON TABLE  sweeps IS 'The last sweep of each bucket: its listing compared with the sessions.';
COMMENT ON COLUMN sweeps.bucket IS 'The bucket.';
COMMENT ON COLUMN sweeps.began_at IS 'When the last sweep began.';
COMMENT ON COLUMN sweeps.ended_at IS 'When it ended; null: it still runs, or was cut off.';
COMMENT ON COLUMN sweeps.listed IS 'Recordings in the bucket.';
COMMENT ON COLUMN sweeps.created IS 'New ones among them, that nobody had announced.';
COMMENT ON COLUMN sweeps.overwritten IS 'Those that lie where others did.';
COMMENT ON COLUMN sweeps.moved IS 'Those that have another name now.';
COMMENT ON COLUMN sweeps.restored IS 'Those that were gone and lie there again.';
COMMENT ON COLUMN sweeps.gone IS 'Those that are no longer there.';
COMMENT ON COLUMN sweeps.refused IS 'New ones of a name that nothing can read.';
COMMENT ON COLUMN sweeps.problem IS 'Why it did not see everything, as a sentence; null: it did.';
ALTER TABLE sweeps ENABLE ROW LEVEL SECURITY;
ALTER TABLE sweeps FORCE ROW LEVEL SECURITY;
REVOKE ALL ON sweeps FROM PUBLIC;
DO $$
DECLARE
    other text;
BEGIN
    -- Supabase gives its own roles every new table.
    FOR other IN SELECT rolname FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
    LOOP
        EXECUTE format('REVOKE ALL ON public.sweeps FROM %I', other);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE ON sweeps TO myograph_worker;
CREATE POLICY worker ON sweeps TO myograph_worker USING (true);
GRANT SELECT ON sweeps TO myograph_admin;
CREATE POLICY admin ON sweeps FOR SELECT TO myograph_admin USING ((SELECT app.acts_as('admin')));
