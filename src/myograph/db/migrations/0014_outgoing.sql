-- What became of a session, told to the addresses that are configured: codes and numbers of rows,
-- never a patient, a path or a sentence.

GRANT CREATE ON SCHEMA app TO myograph_worker;

CREATE TABLE event_targets (
    name       text PRIMARY KEY CHECK (name <> '' AND length(name) <= 64),
    events     text[] NOT NULL CHECK (events <@ ARRAY['session.analysed', 'session.failed']),
    active     boolean NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE  event_targets IS 'Who is told what becomes of sessions. Addresses and secrets stay in the settings of the worker.';
COMMENT ON COLUMN event_targets.name IS 'As the settings call it.';
COMMENT ON COLUMN event_targets.events IS 'Kinds of event it is told: session.analysed, session.failed.';
COMMENT ON COLUMN event_targets.active IS 'False: no longer in the settings; its events are kept.';
COMMENT ON COLUMN event_targets.updated_at IS 'When a worker last said so.';

CREATE TABLE outgoing_events (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    target     text NOT NULL REFERENCES event_targets,
    type       text NOT NULL CHECK (type IN ('session.analysed', 'session.failed')),
    session_id uuid NOT NULL REFERENCES therapy_sessions ON DELETE CASCADE,
    method     text,
    failure_kind text,
    failure_code text,
    state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'dead')),
    tries      integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    due_at     timestamptz NOT NULL DEFAULT now(),
    problem    text,
    created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    CHECK ((state = 'waiting') = (settled_at IS NULL))
);
CREATE INDEX outgoing_events_due ON outgoing_events (target, due_at) WHERE state = 'waiting';
CREATE INDEX outgoing_events_session ON outgoing_events (session_id);
CREATE INDEX outgoing_events_newest ON outgoing_events (created_at DESC, id DESC);
COMMENT ON TABLE  outgoing_events IS 'What was or is to be told, and what became of it. Settled ones are kept for 30 days.';
COMMENT ON COLUMN outgoing_events.id IS 'The webhook-id: the same at every try, so that the receiver knows a repeat.';
COMMENT ON COLUMN outgoing_events.target IS 'Whom it is for.';
COMMENT ON COLUMN outgoing_events.type IS 'session.analysed or session.failed.';
COMMENT ON COLUMN outgoing_events.session_id IS 'The session.';
COMMENT ON COLUMN outgoing_events.method IS 'Version of the method of its results; null where it failed.';
COMMENT ON COLUMN outgoing_events.failure_kind IS 'Why it failed; null where it did not.';
COMMENT ON COLUMN outgoing_events.failure_code IS 'The same more closely, for programs.';
COMMENT ON COLUMN outgoing_events.state IS 'waiting; sent: the receiver took it; dead: given up, may be sent again by an admin.';
COMMENT ON COLUMN outgoing_events.tries IS 'How often it was sent.';
COMMENT ON COLUMN outgoing_events.due_at IS 'Not before.';
COMMENT ON COLUMN outgoing_events.problem IS 'Of the last try: status 503, timeout or no connection.';
COMMENT ON COLUMN outgoing_events.created_at IS 'When it happened.';
COMMENT ON COLUMN outgoing_events.settled_at IS 'When it was taken or given up.';

DO $$
DECLARE
    ours  text;
    other text;
BEGIN
    FOREACH ours IN ARRAY ARRAY['event_targets', 'outgoing_events']
    LOOP
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', ours);
        EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', ours);
        EXECUTE format('REVOKE ALL ON public.%I FROM PUBLIC', ours);
        FOR other IN SELECT rolname FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
        LOOP
            EXECUTE format('REVOKE ALL ON public.%I FROM %I', ours, other);
        END LOOP;
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE ON event_targets TO myograph_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON outgoing_events TO myograph_worker;
CREATE POLICY worker ON event_targets TO myograph_worker USING (true);
CREATE POLICY worker ON outgoing_events TO myograph_worker USING (true);
GRANT SELECT ON event_targets, outgoing_events TO myograph_admin;
CREATE POLICY admin ON event_targets FOR SELECT TO myograph_admin USING ((SELECT app.acts_as('admin')));
CREATE POLICY admin ON outgoing_events FOR SELECT TO myograph_admin USING ((SELECT app.acts_as('admin')));

CREATE FUNCTION app.tell_outcome() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    kind text := CASE NEW.processing_status WHEN 'completed' THEN 'session.analysed' ELSE 'session.failed' END;
BEGIN
    INSERT INTO public.outgoing_events (target, type, session_id, method, failure_kind, failure_code)
    SELECT t.name, kind, NEW.id, CASE WHEN NEW.processing_status = 'completed' THEN NEW.processing_version END,
           NEW.failure_kind, NEW.failure_code
      FROM public.event_targets t
     WHERE t.active AND kind = ANY (t.events);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION app.tell_outcome() IS 'In the transaction that ends a session''s processing: an event for each target that wants it.';
CREATE TRIGGER tell_new AFTER INSERT ON therapy_sessions FOR EACH ROW
    WHEN (NEW.processing_status IN ('completed', 'failed'))
    EXECUTE FUNCTION app.tell_outcome();
CREATE TRIGGER tell AFTER UPDATE ON therapy_sessions FOR EACH ROW
    WHEN (NEW.processing_status IN ('completed', 'failed') AND OLD.processing_status <> NEW.processing_status)
    EXECUTE FUNCTION app.tell_outcome();

CREATE FUNCTION app.resend_event(event uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    IF NOT app.acts_as('admin') THEN
        RAISE EXCEPTION 'Only an administrator may have an event sent again.' USING ERRCODE = 'MG403';
    END IF;
    UPDATE public.outgoing_events SET state = 'waiting', settled_at = NULL, tries = 0, due_at = now() WHERE id = event;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no such event.' USING ERRCODE = 'MG404';
    END IF;
END
$$;
COMMENT ON FUNCTION app.resend_event(uuid) IS 'Send an event once more, under its own number. For admins.';

ALTER FUNCTION app.tell_outcome() OWNER TO myograph_worker;
ALTER FUNCTION app.resend_event(uuid) OWNER TO myograph_worker;
REVOKE ALL ON FUNCTION app.tell_outcome(), app.resend_event(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.resend_event(uuid) TO myograph_admin;
REVOKE CREATE ON SCHEMA app FROM myograph_worker;
