-- What programs may do on a person's behalf, as functions: checked arguments, fixed search_path,
-- refusals as SQLSTATE MG400 (not right), MG403 (not allowed), MG404 (not there or not yours).

GRANT CREATE ON SCHEMA app TO myograph_worker, myograph_accounts;

-- accounts: nobody but these functions reads a password's hash

CREATE FUNCTION app.account(wanted text)
RETURNS TABLE (id uuid, name text, role text, password_hash text, active boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT p.id, p.name, p.role, a.password_hash, p.active
      FROM public.local_accounts a
      JOIN public.people p ON p.id = a.person_id
     WHERE lower(a.login) = lower(wanted)
$$;
COMMENT ON FUNCTION app.account(text) IS 'The account of a login, for the web to check a password against.';

CREATE FUNCTION app.active_person(wanted uuid) RETURNS TABLE (id uuid, name text, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT p.id, p.name, p.role FROM public.people p WHERE p.id = wanted AND p.active
$$;
COMMENT ON FUNCTION app.active_person(uuid) IS 'Who signed in earlier, as they are now.';

CREATE FUNCTION app.add_account(new_login text, new_name text, new_role text, new_hash text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    added uuid;
BEGIN
    SELECT a.person_id INTO added FROM public.local_accounts a WHERE lower(a.login) = lower(new_login);
    IF added IS NOT NULL THEN
        RETURN added;
    END IF;
    INSERT INTO public.people (name, role) VALUES (new_name, new_role) RETURNING id INTO added;
    INSERT INTO public.local_accounts (person_id, login, password_hash) VALUES (added, new_login, new_hash);
    IF new_role = 'therapist' THEN
        INSERT INTO public.therapists (id) VALUES (added);
    ELSIF new_role = 'researcher' THEN
        INSERT INTO public.researcher_profiles (id) VALUES (added);
    END IF;
    RETURN added;
END
$$;
COMMENT ON FUNCTION app.add_account(text, text, text, text) IS 'A new person with a local account; the one who has the login where it is taken.';

-- jobs: the one place that makes them

CREATE FUNCTION app.enqueue(task text, session_id uuid, priority integer) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = queue, pg_temp
AS $$
    SELECT procrastinate_defer_jobs_v1(ARRAY[
        ROW('myograph', task, priority, NULL, NULL, jsonb_build_object('session_id', session_id), NULL)
        ::procrastinate_job_to_defer_v1])
$$;
COMMENT ON FUNCTION app.enqueue(text, uuid, integer) IS 'Queue a task for a session; it runs once this transaction commits.';

-- who a session belongs to

CREATE FUNCTION app.resolve_patient(path text, player text)
RETURNS TABLE (patient text, claimed text, finding text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    segment   text := split_part(path, '/', 1);
    of_path   text;
    of_player text;
BEGIN
    SELECT p.patient_code INTO of_path FROM public.patients p WHERE p.patient_code = segment;
    SELECT p.patient_code INTO of_player FROM public.patients p WHERE p.patient_code = player;
    IF of_path <> of_player THEN
        finding := format('The path says %s and the file says %s; somebody must choose.', of_path, of_player);
    ELSE
        patient := COALESCE(of_path, of_player);
        claimed := CASE WHEN patient IS NOT NULL THEN NULL
                        WHEN segment ~ '^P[0-9]{3,}$' THEN segment
                        WHEN player ~ '^P[0-9]{3,}$' THEN player END;
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION app.resolve_patient(text, text) IS 'The patient that path or file names, or what they claim, or why it is left open.';

CREATE FUNCTION app.with_leg(assignment jsonb, leg text, channel text) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = ''
AS $$
    -- Another channel on that leg loses it; '' takes the leg from whichever has it.
    SELECT COALESCE(jsonb_object_agg(e.key, e.value) FILTER (WHERE e.value ->> 'side' <> leg AND e.key <> channel), '{}')
           || CASE WHEN channel = '' THEN '{}'
                   ELSE jsonb_build_object(channel, jsonb_build_object('muscle', 'quadriceps', 'side', leg)) END
      FROM jsonb_each(COALESCE(assignment, '{}')) e
$$;
COMMENT ON FUNCTION app.with_leg(jsonb, text, text) IS 'The channel assignment with this leg on that channel.';

CREATE FUNCTION app.set_legs(session uuid, left_channel text, right_channel text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    legs     jsonb;
    known    text[];
    label    text;
BEGIN
    IF left_channel IS NULL AND right_channel IS NULL THEN
        RETURN;
    END IF;
    IF left_channel = right_channel AND left_channel <> '' THEN
        RAISE EXCEPTION 'One channel cannot lie on both legs.' USING ERRCODE = 'MG400';
    END IF;
    SELECT t.emg_labels INTO known FROM public.c3d_technical_data t WHERE t.session_id = session;
    FOREACH label IN ARRAY ARRAY[left_channel, right_channel]
    LOOP
        IF length(label) > 64 OR (label <> '' AND NOT label = ANY (known)) THEN
            RAISE EXCEPTION 'The recording has no channel %; it has %.', left(label, 64), array_to_string(known, ', ')
                USING ERRCODE = 'MG400';
        END IF;
    END LOOP;
    SELECT COALESCE(s.channel_assignment, p.channel_assignment) INTO legs
      FROM public.therapy_sessions t
      LEFT JOIN public.session_settings s ON s.session_id = t.id
      LEFT JOIN public.patients p ON p.patient_code = t.patient_id
     WHERE t.id = session;
    IF left_channel IS NOT NULL THEN
        legs := app.with_leg(legs, 'left', left_channel);
    END IF;
    IF right_channel IS NOT NULL THEN
        legs := app.with_leg(legs, 'right', right_channel);
    END IF;
    INSERT INTO public.session_settings (session_id, channel_assignment, entered_by)
    VALUES (session, legs, app.person())
    ON CONFLICT (session_id) DO UPDATE
       SET channel_assignment = excluded.channel_assignment, entered_by = excluded.entered_by;
    UPDATE public.patients p
       SET channel_assignment = legs
      FROM public.therapy_sessions t
     WHERE t.id = session AND p.patient_code = t.patient_id AND p.channel_assignment IS DISTINCT FROM legs;
END
$$;
COMMENT ON FUNCTION app.set_legs(uuid, text, text) IS 'Put channels on legs for a session, and remember it for its patient.';

CREATE FUNCTION app.set_patient(session uuid, code text, by_person boolean) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
    UPDATE public.therapy_sessions t
       SET patient_id = p.patient_code, therapist_id = p.therapist_id, pseudonym = p.pseudonym,
           patient_chosen = t.patient_chosen OR by_person, claimed_patient_code = NULL, patient_finding = NULL
      FROM public.patients p
     WHERE t.id = session AND p.patient_code = code
       AND (t.patient_id, t.therapist_id, t.pseudonym, t.patient_chosen, t.claimed_patient_code, t.patient_finding)
           IS DISTINCT FROM
           (p.patient_code, p.therapist_id, p.pseudonym, t.patient_chosen OR by_person, NULL, NULL)
$$;
COMMENT ON FUNCTION app.set_patient(uuid, text, boolean) IS 'Give a session to a patient.';

CREATE FUNCTION app.choosable(code text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT EXISTS (SELECT FROM public.patients p
                    WHERE p.patient_code = code
                      AND (app.acts_as('admin') OR p.therapist_id = app.person()
                           OR (app.person() IS NULL AND session_user <> 'myograph_web')))
$$;
COMMENT ON FUNCTION app.choosable(text) IS 'Whether the person who asks may give sessions to this patient. Our own programs may; the web only for a person.';

-- what a file says of itself

CREATE FUNCTION app.describe(session uuid, said jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    technical jsonb := said -> 'technical';
    named     record;
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
    SELECT r.* INTO named
      FROM public.therapy_sessions t, app.resolve_patient(t.file_path, said -> 'game' ->> 'player') r
     WHERE t.id = session AND NOT t.patient_chosen;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    UPDATE public.therapy_sessions
       SET patient_id = NULL, therapist_id = NULL, pseudonym = NULL,
           claimed_patient_code = named.claimed, patient_finding = named.finding
     WHERE id = session AND patient_id IS DISTINCT FROM named.patient
        OR id = session AND (claimed_patient_code, patient_finding) IS DISTINCT FROM (named.claimed, named.finding);
    PERFORM app.set_patient(session, named.patient, false);
END
$$;
COMMENT ON FUNCTION app.describe(uuid, jsonb) IS 'Store what a file says of itself: {technical, game, findings, started_local, session_date}.';

-- an upload

CREATE FUNCTION app.check_upload(event jsonb) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = ''
AS $$
DECLARE
    name text := event ->> 'name';
BEGIN
    IF COALESCE(event ->> 'bucket', '') = '' OR COALESCE(name, '') = '' THEN
        RAISE EXCEPTION 'An upload has a bucket and a name.' USING ERRCODE = 'MG400';
    END IF;
    IF octet_length(name) > 1024 OR name ~ '[[:cntrl:]]' OR ('/' || name || '/') ~ '/\.{0,2}/' THEN
        RAISE EXCEPTION 'No object of ours may have this name.' USING ERRCODE = 'MG400';
    END IF;
    IF COALESCE(event ->> 'version', event ->> 'etag', '') = '' THEN
        RAISE EXCEPTION 'An upload has a version or an etag.' USING ERRCODE = 'MG400';
    END IF;
    IF (event ->> 'size_bytes')::bigint < 0 THEN
        RAISE EXCEPTION 'An object has no less than 0 bytes.' USING ERRCODE = 'MG400';
    END IF;
END
$$;
COMMENT ON FUNCTION app.check_upload(jsonb) IS 'Refuse an event that cannot be an upload.';

CREATE FUNCTION app.session_of_object(event jsonb) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    -- By id and version, else as a listing knows it: by path and etag.
    SELECT COALESCE(
        (SELECT t.id FROM public.therapy_sessions t
          WHERE t.storage_bucket = event ->> 'bucket'
            AND COALESCE(t.storage_object_id, t.file_path) = COALESCE(event ->> 'object_id', event ->> 'name')
            AND t.storage_version = COALESCE(event ->> 'version', trim('"' FROM event ->> 'etag'))),
        (SELECT t.id FROM public.therapy_sessions t
          WHERE t.storage_bucket = event ->> 'bucket'
            AND t.file_path = event ->> 'name'
            AND t.superseded_by IS NULL
            AND t.storage_etag = trim('"' FROM event ->> 'etag')))
$$;
COMMENT ON FUNCTION app.session_of_object(jsonb) IS 'The session that this very object has already.';

CREATE FUNCTION app.receive_upload(event jsonb)
RETURNS TABLE (session_id uuid, created boolean, status text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    version_  text := COALESCE(event ->> 'version', trim('"' FROM event ->> 'etag'));
    source_   text := COALESCE(event ->> 'source', 'page');
    delivery  text := COALESCE(event ->> 'delivery_id', (event ->> 'bucket') || '/' || (event ->> 'name') || '@' || version_);
    chosen    text := event ->> 'patient_code';
    new_id    uuid := COALESCE((event ->> 'session_id')::uuid, gen_random_uuid());
BEGIN
    PERFORM app.check_upload(event);
    IF chosen IS NOT NULL AND NOT app.choosable(chosen) THEN
        RAISE EXCEPTION 'There is no patient %, or it is not one of yours.', left(chosen, 64) USING ERRCODE = 'MG400';
    END IF;
    -- Two announcements of one path, one after the other.
    PERFORM pg_advisory_xact_lock(hashtextextended((event ->> 'bucket') || '/' || (event ->> 'name'), 0));
    SELECT e.session_id INTO session_id FROM public.upload_events e WHERE e.source = source_ AND e.delivery_id = delivery;
    session_id := COALESCE(session_id, app.session_of_object(event));
    created := session_id IS NULL;
    IF created THEN
        session_id := app.add_session(new_id, version_, event);
    END IF;
    INSERT INTO public.upload_events (source, delivery_id, body_digest, outcome, session_id)
    VALUES (source_, delivery, event ->> 'body_digest', CASE WHEN created THEN 'created' ELSE 'duplicate' END,
            receive_upload.session_id)
    ON CONFLICT (source, delivery_id) DO NOTHING;
    SELECT t.processing_status INTO status FROM public.therapy_sessions t WHERE t.id = receive_upload.session_id;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION app.receive_upload(jsonb) IS 'The session of an uploaded object: new with its jobs, or the one it has. Announced twice, it changes nothing.';

CREATE FUNCTION app.add_session(new_id uuid, version_ text, event jsonb) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    path    text := event ->> 'name';
    facts   jsonb := event -> 'facts';
    chosen  boolean := event ? 'patient_code';
    named   record;
BEGIN
    -- The bytes that lay here before are gone: their numbers stay, unless there were none yet.
    UPDATE public.therapy_sessions
       SET superseded_by = new_id,
           processing_status = CASE WHEN processing_status = 'completed' THEN 'completed' ELSE 'failed' END,
           failure_kind = CASE WHEN processing_status = 'completed' THEN NULL ELSE 'superseded' END,
           lease_until = NULL
     WHERE storage_bucket = event ->> 'bucket' AND file_path = path AND superseded_by IS NULL;
    IF NOT chosen THEN
        SELECT r.* INTO named FROM app.resolve_patient(path, facts -> 'game' ->> 'player') r;
    ELSE
        SELECT event ->> 'patient_code' AS patient, NULL AS claimed, NULL AS finding INTO named;
    END IF;
    -- All that is known goes into the first version of the row: each later one costs every index.
    INSERT INTO public.therapy_sessions (id, file_path, file_hash, file_size_bytes, storage_bucket,
                storage_object_id, storage_version, storage_etag, session_id, uploaded_by,
                patient_id, therapist_id, pseudonym, patient_chosen, claimed_patient_code, patient_finding,
                game_metadata, findings, started_local, session_date)
    SELECT new_id, path, event ->> 'file_hash', (event ->> 'size_bytes')::bigint, event ->> 'bucket',
           event ->> 'object_id', version_, trim('"' FROM event ->> 'etag'),
           regexp_replace(path, '^.*/|\.[cC]3[dD]$', '', 'g'), app.person(),
           p.patient_code, p.therapist_id, p.pseudonym, chosen, named.claimed, named.finding,
           NULLIF(facts -> 'game', 'null'), facts -> 'findings', (facts ->> 'started_local')::timestamp,
           (facts ->> 'session_date')::timestamptz
      FROM (SELECT) one
      LEFT JOIN public.patients p ON p.patient_code = named.patient;
    IF event ? 'facts' THEN
        PERFORM app.describe(new_id, event -> 'facts');
    ELSE
        PERFORM app.enqueue('extract_metadata', new_id, 50);
    END IF;
    PERFORM app.set_legs(new_id, event ->> 'left', event ->> 'right');
    PERFORM app.enqueue('analyse_session', new_id, 10);
    RETURN new_id;
END
$$;
COMMENT ON FUNCTION app.add_session(uuid, text, jsonb) IS 'A new session with its patient, legs and jobs; what it overwrites is superseded.';

-- what a person enters later

CREATE FUNCTION app.writable(session uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    -- Waits for an analysis that is saving, so that the scores are made from what is said here.
    PERFORM FROM public.therapy_sessions t
      WHERE t.id = session
        AND (app.acts_as('admin')
             OR t.patient_id IN (SELECT app.my_patients())
             OR (t.patient_id IS NULL AND t.uploaded_by = app.person() AND app.acts_as('therapist')))
        FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no such session, or it is not one of yours.' USING ERRCODE = 'MG404';
    END IF;
END
$$;
COMMENT ON FUNCTION app.writable(uuid) IS 'Lock a session for the person who asks, or refuse.';

CREATE FUNCTION app.assign(session uuid, said jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    code text := said ->> 'patient_code';
    rpe  numeric := (said ->> 'rpe')::numeric;
BEGIN
    PERFORM app.writable(session);
    IF code IS NOT NULL THEN
        IF NOT app.choosable(code) THEN
            RAISE EXCEPTION 'There is no patient %, or it is not one of yours.', left(code, 64) USING ERRCODE = 'MG400';
        END IF;
        PERFORM app.set_patient(session, code, true);
    END IF;
    PERFORM app.set_legs(session, said ->> 'left', said ->> 'right');
    IF rpe IS NOT NULL THEN
        IF rpe NOT BETWEEN 0 AND 10 OR rpe <> trunc(rpe) THEN
            RAISE EXCEPTION 'Perceived exertion is a whole number from 0 to 10.' USING ERRCODE = 'MG400';
        END IF;
        INSERT INTO public.session_settings (session_id, rpe_post_session, entered_by)
        VALUES (session, rpe, app.person())
        ON CONFLICT (session_id) DO UPDATE
           SET rpe_post_session = excluded.rpe_post_session, entered_by = excluded.entered_by;
    END IF;
    UPDATE public.therapy_sessions SET updated_at = now() WHERE id = session;
    -- Any other state ends in an analysis, which reads what was said here.
    IF EXISTS (SELECT FROM public.therapy_sessions WHERE id = session AND processing_status = 'completed') THEN
        PERFORM app.enqueue('rescore_session', session, 100);
    END IF;
END
$$;
COMMENT ON FUNCTION app.assign(uuid, jsonb) IS 'Store {patient_code, left, right, rpe} as a person says it, and queue a new scoring.';

CREATE FUNCTION app.recover(session uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    PERFORM app.writable(session);
    UPDATE public.therapy_sessions
       SET recovered = true, processing_status = 'pending', failure_kind = NULL, failure_code = NULL,
           processing_error_message = NULL, tries = 0
     WHERE id = session AND processing_status = 'failed' AND NOT recovered
       AND failure_code IN ('unfinalised', 'truncated', 'contradictory')
       AND superseded_by IS NULL AND object_gone_at IS NULL;
    IF FOUND THEN
        PERFORM app.enqueue('analyse_session', session, 50);
    ELSIF NOT EXISTS (SELECT FROM public.therapy_sessions WHERE id = session AND recovered) THEN
        RAISE EXCEPTION 'There is nothing to recover: this recording did not break off.' USING ERRCODE = 'MG400';
    END IF;
END
$$;
COMMENT ON FUNCTION app.recover(uuid) IS 'Have what there is of a broken recording analysed, and mark the session. Asked twice, it changes nothing.';

-- what dead workers leave behind

CREATE FUNCTION app.reap(max_tries integer, stalled_s double precision) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = queue, pg_temp
AS $$
DECLARE
    one      record;
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
    -- Sessions whose lease ran out, and those that wait for a job that is not there.
    FOR one IN
        SELECT t.id, t.tries, t.processing_status FROM public.therapy_sessions t
         WHERE t.processing_status IN ('processing', 'reprocessing') AND t.lease_until < clock_timestamp()
            OR t.processing_status IN ('pending', 'reprocessing') AND t.lease_until IS NULL
               AND t.updated_at < clock_timestamp() - make_interval(secs => stalled_s)
               AND NOT EXISTS (SELECT FROM procrastinate_jobs j
                                WHERE j.status IN ('todo', 'doing') AND j.task_name = 'analyse_session'
                                  AND j.args ->> 'session_id' = t.id::text)
           FOR UPDATE OF t SKIP LOCKED
    LOOP
        reaped := reaped + 1;
        IF one.tries >= max_tries THEN
            UPDATE public.therapy_sessions
               SET processing_status = 'failed', failure_kind = 'gave_up', failure_code = 'gave_up',
                   processing_error_message = COALESCE(processing_error_message || ' ', '')
                       || format('The analysis was begun %s times and never finished.', one.tries),
                   lease_until = NULL, tries = 0
             WHERE id = one.id;
        ELSE
            UPDATE public.therapy_sessions
               SET processing_status = CASE one.processing_status WHEN 'reprocessing' THEN 'reprocessing' ELSE 'pending' END,
                   lease_until = NULL
             WHERE id = one.id;
            PERFORM app.enqueue('analyse_session', one.id, 10);
        END IF;
    END LOOP;
    RETURN reaped;
END
$$;
COMMENT ON FUNCTION app.reap(integer, double precision) IS 'Queue again what dead workers held; the number of sessions and jobs.';

DO $$
DECLARE
    ours text;
BEGIN
    FOREACH ours IN ARRAY ARRAY['account(text)', 'active_person(uuid)', 'add_account(text, text, text, text)']
    LOOP
        EXECUTE format('ALTER FUNCTION app.%s OWNER TO myograph_accounts', ours);
    END LOOP;
    FOREACH ours IN ARRAY ARRAY['enqueue(text, uuid, integer)', 'resolve_patient(text, text)',
        'with_leg(jsonb, text, text)', 'set_legs(uuid, text, text)', 'set_patient(uuid, text, boolean)',
        'choosable(text)', 'describe(uuid, jsonb)', 'check_upload(jsonb)', 'session_of_object(jsonb)',
        'reap(integer, double precision)', 'receive_upload(jsonb)', 'add_session(uuid, text, jsonb)', 'writable(uuid)', 'assign(uuid, jsonb)', 'recover(uuid)']
    LOOP
        EXECUTE format('ALTER FUNCTION app.%s OWNER TO myograph_worker', ours);
    END LOOP;
END
$$;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA app FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.account(text), app.active_person(uuid) TO myograph_web;
GRANT EXECUTE ON FUNCTION app.add_account(text, text, text, text) TO CURRENT_USER;
GRANT EXECUTE ON FUNCTION app.receive_upload(jsonb) TO myograph_web, myograph_therapist, myograph_admin;
GRANT EXECUTE ON FUNCTION app.assign(uuid, jsonb), app.recover(uuid) TO myograph_therapist, myograph_admin;
REVOKE CREATE ON SCHEMA app FROM myograph_worker, myograph_accounts;
