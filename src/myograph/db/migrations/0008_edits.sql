-- Contractions that people correct: who takes an edit back, what became of each, and how one is made.

GRANT CREATE ON SCHEMA app TO myograph_worker, myograph_accounts;

CREATE TABLE contraction_edit_revocations (
    edit_id    uuid PRIMARY KEY REFERENCES contraction_edits ON DELETE CASCADE,
    session_id uuid NOT NULL REFERENCES therapy_sessions ON DELETE CASCADE,
    author     uuid NOT NULL REFERENCES people,
    reason     text CHECK (length(reason) BETWEEN 1 AND 1000),
    at         timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX contraction_edit_revocations_session ON contraction_edit_revocations (session_id);
COMMENT ON TABLE  contraction_edit_revocations IS 'Edits of contractions that were taken back, append only: they stay on record and are no longer applied.';
COMMENT ON COLUMN contraction_edit_revocations.edit_id IS 'The edit.';
COMMENT ON COLUMN contraction_edit_revocations.session_id IS 'Its session.';
COMMENT ON COLUMN contraction_edit_revocations.author IS 'Who took it back. Not for researchers.';
COMMENT ON COLUMN contraction_edit_revocations.reason IS 'Why, in their words. Not for researchers.';
COMMENT ON COLUMN contraction_edit_revocations.at IS 'When.';

CREATE TABLE contraction_edit_outcomes (
    edit_id    uuid PRIMARY KEY REFERENCES contraction_edits ON DELETE CASCADE,
    session_id uuid NOT NULL REFERENCES therapy_sessions ON DELETE CASCADE,
    problem    text CHECK (problem IN ('not_there', 'overlapping', 'outside', 'too_short', 'no_channel')),
    sentence   text,
    CHECK ((problem IS NULL) = (sentence IS NULL))
);
CREATE INDEX contraction_edit_outcomes_session ON contraction_edit_outcomes (session_id);
COMMENT ON TABLE  contraction_edit_outcomes IS 'What became of each edit in the analysis whose results are stored; replaced with them. An edit without a row has not been analysed yet, or was taken back.';
COMMENT ON COLUMN contraction_edit_outcomes.edit_id IS 'The edit.';
COMMENT ON COLUMN contraction_edit_outcomes.session_id IS 'Its session.';
COMMENT ON COLUMN contraction_edit_outcomes.problem IS 'Why it could not be applied and asks for a decision; null: it was applied.';
COMMENT ON COLUMN contraction_edit_outcomes.sentence IS 'The same in words; null: it was applied.';

COMMENT ON COLUMN contractions.source IS 'Detector of the analysis: envelope, or activated for the game''s own. Its edges, unless an edit placed it.';
COMMENT ON COLUMN contractions.edit_id IS 'The edit that placed it; null: as it was found.';
COMMENT ON COLUMN contraction_edits.author IS 'Who edited. Not for researchers.';
ALTER TABLE contraction_edits ALTER COLUMN at SET DEFAULT clock_timestamp();

DO $$
DECLARE
    ours  text;
    other text;
BEGIN
    FOREACH ours IN ARRAY ARRAY['contraction_edit_revocations', 'contraction_edit_outcomes']
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
GRANT SELECT, INSERT ON contraction_edit_revocations TO myograph_worker;
GRANT SELECT, INSERT, DELETE ON contraction_edit_outcomes TO myograph_worker;
CREATE POLICY worker ON contraction_edit_revocations TO myograph_worker USING (true);
CREATE POLICY worker ON contraction_edit_outcomes TO myograph_worker USING (true);
GRANT SELECT ON contraction_edit_revocations TO myograph_therapist, myograph_admin;
GRANT SELECT (edit_id, session_id, at) ON contraction_edit_revocations TO myograph_researcher;
GRANT SELECT ON contraction_edit_outcomes TO myograph_therapist, myograph_researcher, myograph_admin;
CREATE POLICY with_session ON contraction_edit_revocations FOR SELECT
    TO myograph_therapist, myograph_researcher, myograph_admin
    USING (EXISTS (SELECT FROM therapy_sessions s WHERE s.id = contraction_edit_revocations.session_id));
CREATE POLICY with_session ON contraction_edit_outcomes FOR SELECT
    TO myograph_therapist, myograph_researcher, myograph_admin
    USING (EXISTS (SELECT FROM therapy_sessions s WHERE s.id = contraction_edit_outcomes.session_id));

CREATE FUNCTION app.may_write(session uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT EXISTS (
        SELECT FROM public.therapy_sessions t
         WHERE t.id = session
           AND (app.acts_as('admin')
                OR t.patient_id IN (SELECT app.my_patients())
                OR (t.patient_id IS NULL AND t.uploaded_by = app.person() AND app.acts_as('therapist'))))
$$;
COMMENT ON FUNCTION app.may_write(uuid) IS 'Whether the session is one that the person who asks may change.';

CREATE FUNCTION app.editor_ids(session uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT e.author FROM public.contraction_edits e WHERE e.session_id = session AND app.may_write(session)
    UNION
    SELECT r.author FROM public.contraction_edit_revocations r WHERE r.session_id = session AND app.may_write(session)
$$;
COMMENT ON FUNCTION app.editor_ids(uuid) IS 'Who corrected the contractions of a session, for whoever may do so.';

-- Colleagues are named where they corrected something, and nowhere else.
CREATE FUNCTION app.editors(session uuid) RETURNS TABLE (id uuid, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT p.id, p.name FROM public.people p WHERE p.id IN (SELECT app.editor_ids(session))
$$;
COMMENT ON FUNCTION app.editors(uuid) IS 'The same with their names.';

CREATE FUNCTION app.measure_again(session uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    one public.therapy_sessions;
BEGIN
    SELECT * INTO one FROM public.therapy_sessions t WHERE t.id = session FOR UPDATE;
    IF one.superseded_by IS NOT NULL OR one.object_gone_at IS NOT NULL THEN
        RAISE EXCEPTION 'The recording is no longer there, so its contractions cannot be measured anew.'
            USING ERRCODE = 'MG412';
    ELSIF one.processing_status = 'failed' THEN
        RAISE EXCEPTION 'The recording could not be analysed; please have it analysed again first.'
            USING ERRCODE = 'MG412';
    ELSIF one.processing_status NOT IN ('completed', 'reprocessing') THEN
        RAISE EXCEPTION 'There are no contractions to correct before the recording is analysed.'
            USING ERRCODE = 'MG412';
    END IF;
    -- An analysis that runs has read the edits before this one: what it would save is refused.
    UPDATE public.therapy_sessions
       SET processing_status = 'reprocessing', attempt = attempt + 1, lease_until = NULL, tries = 0,
           failure_kind = NULL, failure_code = NULL, processing_error_message = NULL
     WHERE id = session;
    PERFORM app.enqueue('analyse_session', session, 100);
END
$$;
COMMENT ON FUNCTION app.measure_again(uuid) IS 'Queue an analysis ahead of everything else, in the place of one that runs.';

CREATE FUNCTION app.edit_contraction(session uuid, on_channel text, said jsonb) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    added uuid;
BEGIN
    PERFORM app.writable(session);
    INSERT INTO public.contraction_edits (session_id, channel, action, before_start_s, before_end_s,
                                          after_start_s, after_end_s, author, reason)
    VALUES (session, on_channel, said ->> 'action',
            (said ->> 'before_start_s')::double precision, (said ->> 'before_end_s')::double precision,
            (said ->> 'after_start_s')::double precision, (said ->> 'after_end_s')::double precision,
            app.person(), said ->> 'reason')
    RETURNING id INTO added;
    PERFORM app.measure_again(session);
    RETURN added;
EXCEPTION WHEN check_violation OR invalid_text_representation THEN
    RAISE EXCEPTION 'A contraction ends after it starts, and an edit names what it is about.'
        USING ERRCODE = 'MG400';
END
$$;
COMMENT ON FUNCTION app.edit_contraction(uuid, text, jsonb) IS 'Store {action, before_start_s, before_end_s, after_start_s, after_end_s, reason} of a person, and have the session measured with it.';

CREATE FUNCTION app.revoke_edit(session uuid, edit uuid, why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    PERFORM app.writable(session);
    IF NOT EXISTS (SELECT FROM public.contraction_edits e WHERE e.id = edit AND e.session_id = session) THEN
        RAISE EXCEPTION 'There is no such correction.' USING ERRCODE = 'MG404';
    END IF;
    INSERT INTO public.contraction_edit_revocations (edit_id, session_id, author, reason)
    VALUES (edit, session, app.person(), why)
    ON CONFLICT (edit_id) DO NOTHING;
    IF FOUND THEN
        PERFORM app.measure_again(session);
    END IF;
END
$$;
COMMENT ON FUNCTION app.revoke_edit(uuid, uuid, text) IS 'Take an edit back, which stays on record, and have the session measured without it. Twice is once.';

DO $$
DECLARE
    ours text;
BEGIN
    FOREACH ours IN ARRAY ARRAY['may_write(uuid)', 'editor_ids(uuid)', 'measure_again(uuid)',
        'edit_contraction(uuid, text, jsonb)', 'revoke_edit(uuid, uuid, text)']
    LOOP
        EXECUTE format('ALTER FUNCTION app.%s OWNER TO myograph_worker', ours);
        EXECUTE format('REVOKE ALL ON FUNCTION app.%s FROM PUBLIC', ours);
    END LOOP;
END
$$;
ALTER FUNCTION app.editors(uuid) OWNER TO myograph_accounts;
REVOKE ALL ON FUNCTION app.editors(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.editor_ids(uuid) TO myograph_accounts;
GRANT EXECUTE ON FUNCTION app.editors(uuid), app.edit_contraction(uuid, text, jsonb),
    app.revoke_edit(uuid, uuid, text) TO myograph_therapist, myograph_admin;
REVOKE CREATE ON SCHEMA app FROM myograph_worker, myograph_accounts;
