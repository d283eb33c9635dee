-- Who did what: rows that are only ever added, and seals that show what was done to them since.

GRANT USAGE ON SCHEMA public, app TO myograph_audit;
-- Only while this file runs, as for the owners of all other functions.
GRANT CREATE ON SCHEMA app TO myograph_audit, myograph_worker;

CREATE TABLE audit_log (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
    person_id  uuid,
    login      text NOT NULL DEFAULT session_user,
    role       text,
    action     text NOT NULL CHECK (action ~ '^[a-z][a-z_]{0,39}$'),
    subject    text,
    row_key    text,
    changed    jsonb CHECK (jsonb_typeof(changed) = 'object'),
    facts      jsonb CHECK (jsonb_typeof(facts) = 'object'),
    address    text,
    request_id text,
    via        text,
    reason     text
);
CREATE INDEX audit_log_order ON audit_log (xid, id);
CREATE INDEX audit_log_newest ON audit_log (at, id);
CREATE INDEX audit_log_person ON audit_log (person_id, at, id);
CREATE INDEX audit_log_subject ON audit_log (subject, row_key, at, id);
COMMENT ON TABLE  audit_log IS 'Who did what, append only: written by app.audit, app.note, app.note_read and app.note_sign_in, and by nobody else.';
COMMENT ON COLUMN audit_log.id IS 'The key. Has gaps where something was not done after all.';
COMMENT ON COLUMN audit_log.at IS 'When, by the clock of the database.';
COMMENT ON COLUMN audit_log.xid IS 'The transaction: what has the same was done together.';
COMMENT ON COLUMN audit_log.person_id IS 'Who; of a failed sign-in whose login was tried. Null: no person, but the program of that login. Kept when the person is gone.';
COMMENT ON COLUMN audit_log.login IS 'The login to the database.';
COMMENT ON COLUMN audit_log.role IS 'What they acted as: therapist, researcher, admin; null: nobody had signed in, or no person did it.';
COMMENT ON COLUMN audit_log.action IS 'insert, update or delete of a row; read, export, replay, sign_in, sign_in_failed, sign_out, retain and others.';
COMMENT ON COLUMN audit_log.subject IS 'The table, or what else it was done to.';
COMMENT ON COLUMN audit_log.row_key IS 'Key of the row, its parts joined by /; of a patient the code. Null: of no one row.';
COMMENT ON COLUMN audit_log.changed IS '{column: [before, after]}; {column: null} where only the change is kept: free text and secrets.';
COMMENT ON COLUMN audit_log.facts IS 'More about what is no change of a row: {"count": 50, "filter": {...}} of a list that was read.';
COMMENT ON COLUMN audit_log.address IS 'Where from: the address of the client, as the web saw it.';
COMMENT ON COLUMN audit_log.request_id IS 'The request, as in the web''s log.';
COMMENT ON COLUMN audit_log.via IS 'cookie, token, jwt or command; of another login than the web''s the program that it says it is.';
COMMENT ON COLUMN audit_log.reason IS 'Why, in the words of whoever did it.';

CREATE TABLE audit_seals (
    position bigint PRIMARY KEY CHECK (position > 0),
    audit_id bigint NOT NULL UNIQUE,
    xid      xid8 NOT NULL,
    hash     bytea NOT NULL CHECK (length(hash) = 32)
);
COMMENT ON TABLE  audit_seals IS 'The chain over audit_log, append only; `myograph audit verify` walks it.';
COMMENT ON COLUMN audit_seals.position IS 'Counts from 1 without gaps, in the order of transactions.';
COMMENT ON COLUMN audit_seals.audit_id IS 'The row of audit_log.';
COMMENT ON COLUMN audit_seals.xid IS 'Its transaction: the next seal comes after it.';
COMMENT ON COLUMN audit_seals.hash IS 'SHA-256 of the hash before it (32 zero bytes at the beginning) followed by app.audit_text of the row.';

CREATE TABLE audit_gaps (
    from_position bigint PRIMARY KEY,
    to_position   bigint NOT NULL CHECK (to_position >= from_position),
    row_count     bigint NOT NULL,
    end_hash      bytea NOT NULL,
    removed_at    timestamptz NOT NULL,
    removed_by    text NOT NULL,
    reason        text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    signature     text NOT NULL
);
COMMENT ON TABLE  audit_gaps IS 'What retention removed from the beginning of audit_log, append only.';
COMMENT ON COLUMN audit_gaps.from_position IS 'First position that is gone.';
COMMENT ON COLUMN audit_gaps.to_position IS 'Last position that is gone.';
COMMENT ON COLUMN audit_gaps.row_count IS 'How many rows.';
COMMENT ON COLUMN audit_gaps.end_hash IS 'Hash of the last position: the chain goes on from it.';
COMMENT ON COLUMN audit_gaps.removed_at IS 'When.';
COMMENT ON COLUMN audit_gaps.removed_by IS 'By whom: the user of the machine, or the worker by its setting.';
COMMENT ON COLUMN audit_gaps.reason IS 'Why.';
COMMENT ON COLUMN audit_gaps.signature IS 'HMAC-SHA256 of all this in hex, under MYOGRAPH_AUDIT_KEY, which the database does not know.';

DO $$
DECLARE
    ours  text;
    other text;
BEGIN
    FOREACH ours IN ARRAY ARRAY['audit_log', 'audit_seals', 'audit_gaps']
    LOOP
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', ours);
        EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', ours);
        EXECUTE format('REVOKE ALL ON public.%I FROM PUBLIC', ours);
        FOR other IN SELECT rolname FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
        LOOP
            EXECUTE format('REVOKE ALL ON public.%I FROM %I', ours, other);
        END LOOP;
        EXECUTE format('GRANT SELECT, INSERT ON public.%I TO myograph_audit', ours);
        EXECUTE format('CREATE POLICY audit ON public.%I TO myograph_audit USING (true)', ours);
        -- It anchors the head and verifies; whatever it appends goes through the functions below.
        EXECUTE format('GRANT SELECT ON public.%I TO myograph_worker', ours);
        EXECUTE format('CREATE POLICY worker ON public.%I FOR SELECT TO myograph_worker USING (true)', ours);
    END LOOP;
END
$$;
GRANT DELETE ON audit_log, audit_seals TO myograph_audit;
GRANT SELECT ON audit_log TO myograph_therapist, myograph_researcher, myograph_admin;
CREATE POLICY own ON audit_log FOR SELECT TO myograph_therapist, myograph_researcher
    USING (person_id = (SELECT app.person()));
CREATE POLICY admin ON audit_log FOR SELECT TO myograph_admin USING ((SELECT app.acts_as('admin')));
GRANT EXECUTE ON FUNCTION app.person() TO myograph_audit;

-- writing

CREATE FUNCTION app.write_audit(who uuid, what text, on_subject text, of_row text, changes jsonb, more jsonb)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    -- Whoever can run SQL can set it: it counts where our own programs have logged in.
    said jsonb := CASE WHEN session_user IN ('myograph_web', 'myograph_work')
                       THEN COALESCE(NULLIF(current_setting('myograph.context', true), ''), '{}')::jsonb
                       ELSE '{}' END;
BEGIN
    INSERT INTO public.audit_log (person_id, role, action, subject, row_key, changed, facts,
                                  address, request_id, via, reason)
    VALUES (who,
            CASE WHEN who IS NOT NULL AND current_setting('role') LIKE 'myograph\_%'
                 THEN substr(current_setting('role'), 10) END,
            what, on_subject, of_row, changes, more,
            left(COALESCE(said ->> 'address', CASE WHEN session_user <> 'myograph_web' THEN host(inet_client_addr()) END), 64),
            left(said ->> 'request', 64),
            left(COALESCE(said ->> 'via',
                          CASE WHEN session_user <> 'myograph_web' THEN current_setting('application_name') END), 64),
            left(said ->> 'reason', 1000));
END
$$;
COMMENT ON FUNCTION app.write_audit(uuid, text, text, text, jsonb, jsonb) IS 'One row of audit_log, with what the transaction says of itself in myograph.context: {address, request, via, reason}.';

CREATE FUNCTION app.audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    -- TG_ARGV: the columns of the key, and those columns of text or JSON whose values may be kept.
    of_key  text[] := string_to_array(TG_ARGV[0], ' ');
    told    text[] := string_to_array(COALESCE(TG_ARGV[1], ''), ' ');
    before  jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE to_jsonb(OLD) END;
    after   jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{}' ELSE to_jsonb(NEW) END;
    changes jsonb;
    found   text;
BEGIN
    SELECT jsonb_object_agg(d.name, CASE
               WHEN d.name = ANY (told)
                 OR (jsonb_typeof(d.old) IN ('number', 'boolean', 'null')
                     AND jsonb_typeof(d.new) IN ('number', 'boolean', 'null'))
               THEN jsonb_build_array(d.old, d.new) END)
      INTO changes
      FROM (SELECT c.name, COALESCE(before -> c.name, 'null') AS old, COALESCE(after -> c.name, 'null') AS new
              FROM jsonb_object_keys(before || after) AS c(name)) d
     WHERE d.old <> d.new
       AND d.name NOT IN ('created_at', 'updated_at')
       AND (TG_OP = 'UPDATE' OR d.name <> ALL (of_key));
    IF TG_OP = 'UPDATE' AND changes IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT string_agg((before || after) ->> k.name, '/' ORDER BY k.n) INTO found
      FROM unnest(of_key) WITH ORDINALITY AS k(name, n);
    PERFORM app.write_audit(app.person(), lower(TG_OP), TG_TABLE_NAME, found, changes, NULL);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION app.audit() IS 'Trigger of every table that people may change: app.audit(key columns, columns of text or JSON whose values are kept).';

CREATE FUNCTION app.note(action text, on_subject text, of_row text, more jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    IF action IN ('insert', 'update', 'delete', 'retain') OR action LIKE 'sign%' OR octet_length(more::text) > 8000 THEN
        RAISE EXCEPTION 'This is not written by hand.' USING ERRCODE = 'MG400';
    END IF;
    PERFORM app.write_audit(app.person(), action, on_subject, of_row, NULL, more);
END
$$;
COMMENT ON FUNCTION app.note(text, text, text, jsonb) IS 'Something the person who asks does that changes no row: an export, a replay. Only ever in their own name.';

CREATE FUNCTION app.note_read(on_subject text, of_row text, more jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    who uuid := app.person();
BEGIN
    -- A page that refreshes itself is read once.
    IF NOT EXISTS (SELECT FROM public.audit_log a
                    WHERE a.person_id = who AND a.at > clock_timestamp() - interval '5 minutes'
                      AND a.action = 'read' AND a.subject = on_subject
                      AND a.row_key IS NOT DISTINCT FROM of_row AND a.facts IS NOT DISTINCT FROM more)
    THEN
        PERFORM app.note('read', on_subject, of_row, more);
    END IF;
END
$$;
COMMENT ON FUNCTION app.note_read(text, text, jsonb) IS 'The person who asks was shown identified data; the very same again within 5 minutes is not written again.';

CREATE FUNCTION app.note_sign_in(who uuid, event text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    IF event NOT LIKE 'sign\_%' THEN
        RAISE EXCEPTION 'This is no event of signing in.' USING ERRCODE = 'MG400';
    END IF;
    PERFORM app.write_audit(who, event, 'people', who::text, NULL, NULL);
END
$$;
COMMENT ON FUNCTION app.note_sign_in(uuid, text) IS 'sign_in, sign_in_failed, sign_out and the like of a known person, by the program that knows them.';

-- what people may change

CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON people FOR EACH ROW
    EXECUTE FUNCTION app.audit('id', 'role db_login');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON local_accounts FOR EACH ROW
    EXECUTE FUNCTION app.audit('person_id');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON therapists FOR EACH ROW
    EXECUTE FUNCTION app.audit('id');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON researcher_profiles FOR EACH ROW
    EXECUTE FUNCTION app.audit('id');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON patients FOR EACH ROW
    EXECUTE FUNCTION app.audit('patient_code', 'therapist_id treatment_start channel_assignment mvc_left_session_id mvc_right_session_id');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON scoring_configuration FOR EACH ROW
    EXECUTE FUNCTION app.audit('id version', 'weights component_weights rpe_mapping targets scope author');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON session_settings FOR EACH ROW
    EXECUTE FUNCTION app.audit('session_id', 'mvc_calculation_method performance_weights targets channel_assignment entered_by');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON bfr_monitoring FOR EACH ROW
    EXECUTE FUNCTION app.audit('session_id leg', 'measurement_method device_calibration_date entered_by');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON contraction_edits FOR EACH ROW
    EXECUTE FUNCTION app.audit('id', 'session_id action author at');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON contraction_edit_revocations FOR EACH ROW
    EXECUTE FUNCTION app.audit('edit_id', 'session_id author at');

-- Of a session what people decide; what programs find out about it is no act of anybody's.
CREATE TRIGGER audit_new AFTER INSERT ON therapy_sessions FOR EACH ROW
    WHEN (NEW.uploaded_by IS NOT NULL)
    EXECUTE FUNCTION app.audit('id', 'patient_id therapist_id uploaded_by session_type processing_status');
CREATE TRIGGER audit AFTER UPDATE ON therapy_sessions FOR EACH ROW
    WHEN ((OLD.patient_id, OLD.therapist_id, OLD.uploaded_by, OLD.session_type, OLD.patient_chosen, OLD.recovered)
          IS DISTINCT FROM
          (NEW.patient_id, NEW.therapist_id, NEW.uploaded_by, NEW.session_type, NEW.patient_chosen, NEW.recovered)
          OR (OLD.processing_status IN ('completed', 'failed') AND NEW.processing_status IN ('pending', 'reprocessing')))
    EXECUTE FUNCTION app.audit('id', 'patient_id therapist_id uploaded_by session_type processing_status failure_kind');
CREATE TRIGGER audit_gone AFTER DELETE ON therapy_sessions FOR EACH ROW
    EXECUTE FUNCTION app.audit('id', 'patient_id therapist_id uploaded_by session_type processing_status');

-- What is played or sent once more leaves no row of its own.

CREATE OR REPLACE FUNCTION app.replay_event(wanted bigint)
RETURNS TABLE (event_id bigint, session_id uuid, outcome text, status text, metadata jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    stored jsonb;
BEGIN
    SELECT e.event - 'delivery_id' || jsonb_build_object('source', 'replay') INTO stored
      FROM public.upload_events e WHERE e.id = wanted;
    IF stored IS NULL THEN
        RAISE EXCEPTION 'There is no such delivery, or it is too old to be played again.' USING ERRCODE = 'MG404';
    END IF;
    PERFORM app.note('replay', 'upload_events', wanted::text, NULL);
    SELECT * INTO event_id, session_id, outcome, status, metadata FROM app.receive_event(stored);
    -- A dead letter gets new life: whatever stopped it may be mended by now.
    UPDATE public.therapy_sessions t
       SET processing_status = 'pending', failure_kind = NULL, failure_code = NULL,
           processing_error_message = NULL, object_gone_at = NULL, tries = 0
     WHERE t.id = replay_event.session_id AND t.superseded_by IS NULL
       AND stored ->> 'operation' IS DISTINCT FROM 'removed'
       AND t.failure_kind IN ('gave_up', 'file_gone');
    IF FOUND THEN
        status := 'pending';
        PERFORM app.enqueue_upload(replay_event.session_id);
    END IF;
    RETURN NEXT;
END
$$;

CREATE OR REPLACE FUNCTION app.resend_event(event uuid) RETURNS void
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
    PERFORM app.note('replay', 'outgoing_events', event::text, NULL);
END
$$;

-- sealing

CREATE FUNCTION app.audit_text(one public.audit_log) RETURNS text
LANGUAGE sql STABLE SET search_path = ''
AS $$
    SELECT jsonb_build_array(one.id, (extract(epoch FROM one.at) * 1000000)::bigint, one.xid::text, one.person_id,
               one.login, one.role, one.action, one.subject, one.row_key, one.changed, one.facts,
               one.address, one.request_id, one.via, one.reason)::text
$$;
COMMENT ON FUNCTION app.audit_text(public.audit_log) IS 'A row as the chain hashes it: every column, times in microseconds since 1970.';

-- A row may commit long after one with a higher number. So rows are taken in the order of their
-- transactions, and only once every transaction that began before has ended: nothing can come in
-- between any more. A database that was restored from a dump counts its transactions anew.
CREATE FUNCTION app.unsealed(after_xid xid8, after_id bigint, most integer) RETURNS SETOF public.audit_log
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    ended   xid8 := pg_snapshot_xmin(pg_current_snapshot());
    planned xid8 := pg_snapshot_xmax(pg_current_snapshot());
BEGIN
    IF after_xid < planned THEN
        RETURN QUERY
        SELECT a.* FROM public.audit_log a
         WHERE (a.xid, a.id) > (after_xid, after_id) AND a.xid < ended
           AND NOT EXISTS (SELECT FROM public.audit_seals s WHERE s.audit_id = a.id)
         ORDER BY a.xid, a.id LIMIT most;
    ELSE
        RETURN QUERY
        SELECT a.* FROM public.audit_log a
         WHERE (a.xid < ended OR a.xid >= planned)
           AND NOT EXISTS (SELECT FROM public.audit_seals s WHERE s.audit_id = a.id)
         ORDER BY a.xid < ended, a.xid, a.id LIMIT most;
    END IF;
END
$$;
COMMENT ON FUNCTION app.unsealed(xid8, bigint, integer) IS 'The next rows to seal, after the one of this transaction and number.';

CREATE FUNCTION app.seal(most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    last   public.audit_seals;
    one    public.audit_log;
    sealed integer := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('seal the audit', 0)) THEN
        RETURN 0;
    END IF;
    SELECT * INTO last FROM public.audit_seals s ORDER BY s.position DESC LIMIT 1;
    IF NOT FOUND THEN
        -- Whatever there is comes after nothing, that of another server too.
        last := ROW(0, 0, '18446744073709551615'::xid8, decode(repeat('00', 32), 'hex'));
    END IF;
    FOR one IN SELECT u.* FROM app.unsealed(last.xid, last.audit_id, most) u
    LOOP
        last.position := last.position + 1;
        last.hash := sha256(last.hash || convert_to(app.audit_text(one), 'UTF8'));
        INSERT INTO public.audit_seals (position, audit_id, xid, hash)
        VALUES (last.position, one.id, one.xid, last.hash);
        sealed := sealed + 1;
    END LOOP;
    RETURN sealed;
END
$$;
COMMENT ON FUNCTION app.seal(integer) IS 'Seal at most so many rows; how many were. One at a time: where another seals, none.';

-- retention

CREATE FUNCTION app.audit_prefix(older_than timestamptz)
RETURNS TABLE (from_position bigint, to_position bigint, row_count bigint, end_hash bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    newest bigint := (SELECT max(s.position) FROM public.audit_seals s);
BEGIN
    -- Up to the first row that is young enough to stay; the newest always does.
    SELECT min(s.position) INTO to_position
      FROM public.audit_seals s JOIN public.audit_log a ON a.id = s.audit_id
     WHERE a.at >= older_than;
    to_position := least(to_position, newest) - 1;
    SELECT min(s.position), count(*) INTO from_position, row_count
      FROM public.audit_seals s WHERE s.position <= to_position;
    SELECT s.hash INTO end_hash FROM public.audit_seals s WHERE s.position = to_position;
    IF row_count > 0 THEN
        RETURN NEXT;
    END IF;
END
$$;
COMMENT ON FUNCTION app.audit_prefix(timestamptz) IS 'The beginning of the chain that is older, without the newest row; no row where there is none.';

CREATE FUNCTION app.retain_audit(older_than timestamptz, gap jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    asked public.audit_gaps := jsonb_populate_record(NULL::public.audit_gaps, gap);
    known record;
BEGIN
    IF older_than > now() - interval '365 days' THEN
        RAISE EXCEPTION 'What was done within a year stays.' USING ERRCODE = 'MG400';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('seal the audit', 0));
    SELECT * INTO known FROM app.audit_prefix(older_than);
    IF (known.from_position, known.to_position, known.row_count, known.end_hash)
       IS DISTINCT FROM (asked.from_position, asked.to_position, asked.row_count, asked.end_hash) THEN
        RAISE EXCEPTION 'Somebody else has removed them meanwhile.' USING ERRCODE = 'MG412';
    END IF;
    INSERT INTO public.audit_gaps SELECT asked.*;
    DELETE FROM public.audit_log a USING public.audit_seals s
     WHERE s.audit_id = a.id AND s.position <= asked.to_position;
    DELETE FROM public.audit_seals s WHERE s.position <= asked.to_position;
    PERFORM app.write_audit(app.person(), 'retain', 'audit_log', NULL, NULL, gap - 'end_hash' - 'signature');
END
$$;
COMMENT ON FUNCTION app.retain_audit(timestamptz, jsonb) IS 'Remove what app.audit_prefix names and leave the signed row of audit_gaps in its place. Nothing younger than a year.';

DO $$
DECLARE
    ours text;
BEGIN
    FOREACH ours IN ARRAY ARRAY['write_audit(uuid, text, text, text, jsonb, jsonb)', 'audit()',
        'note(text, text, text, jsonb)', 'note_read(text, text, jsonb)', 'note_sign_in(uuid, text)',
        'audit_text(public.audit_log)', 'unsealed(xid8, bigint, integer)', 'seal(integer)',
        'audit_prefix(timestamptz)', 'retain_audit(timestamptz, jsonb)']
    LOOP
        EXECUTE format('ALTER FUNCTION app.%s OWNER TO myograph_audit', ours);
        EXECUTE format('REVOKE ALL ON FUNCTION app.%s FROM PUBLIC', ours);
    END LOOP;
END
$$;
-- Whoever owns the tables makes their triggers.
GRANT EXECUTE ON FUNCTION app.audit() TO CURRENT_USER;
GRANT EXECUTE ON FUNCTION app.note(text, text, text, jsonb), app.note_read(text, text, jsonb)
    TO myograph_therapist, myograph_researcher, myograph_admin, myograph_worker;
GRANT EXECUTE ON FUNCTION app.note_sign_in(uuid, text) TO myograph_web, myograph_accounts;
GRANT EXECUTE ON FUNCTION app.seal(integer), app.audit_prefix(timestamptz), app.retain_audit(timestamptz, jsonb)
    TO myograph_worker;
REVOKE CREATE ON SCHEMA app FROM myograph_audit, myograph_worker;
