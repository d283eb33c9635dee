-- All that is stored of one patient: given out, or erased for good. Nobody may but the owner of the
-- tables, as whom nobody signs in.

GRANT USAGE ON SCHEMA public, app TO myograph_privacy;
GRANT CREATE ON SCHEMA app TO myograph_privacy;

CREATE TABLE erasures (
    id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    pseudonym text NOT NULL,
    reason    text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    erased_by text NOT NULL,
    begun_at  timestamptz NOT NULL DEFAULT now(),
    erased_at timestamptz,
    removed   jsonb CHECK (jsonb_typeof(removed) = 'object'),
    CHECK ((erased_at IS NULL) = (removed IS NULL))
);
CREATE UNIQUE INDEX erasures_open ON erasures (pseudonym) WHERE erased_at IS NULL;
COMMENT ON TABLE  erasures IS 'That everything of a patient was erased: what stays of it.';
COMMENT ON COLUMN erasures.id IS 'The key.';
COMMENT ON COLUMN erasures.pseudonym IS 'What researchers knew the patient by, so that exports of theirs can be cleaned.';
COMMENT ON COLUMN erasures.reason IS 'Why, in the words of whoever did it; without names.';
COMMENT ON COLUMN erasures.erased_by IS 'By whom: the user of the machine.';
COMMENT ON COLUMN erasures.begun_at IS 'When it was begun.';
COMMENT ON COLUMN erasures.erased_at IS 'When nothing was left; null: it was cut off, and is to be done again.';
COMMENT ON COLUMN erasures.removed IS 'How many of what: {"sessions": 12, "objects": 13}.';
ALTER TABLE erasures ENABLE ROW LEVEL SECURITY;
ALTER TABLE erasures FORCE ROW LEVEL SECURITY;
REVOKE ALL ON erasures FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE (erased_at, removed) ON erasures TO myograph_privacy;
CREATE POLICY privacy ON erasures TO myograph_privacy USING (true);
GRANT SELECT ON erasures TO myograph_admin;
CREATE POLICY admin ON erasures FOR SELECT TO myograph_admin USING ((SELECT app.acts_as('admin')));

-- Whatever names a patient or a session, by the columns that do.
CREATE FUNCTION app.about_patients() RETURNS TABLE (relation regclass, col name, of_session boolean)
LANGUAGE sql STABLE SET search_path = ''
AS $$
    SELECT a.attrelid::regclass, a.attname, a.atttypid = 'uuid'::regtype
      FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT a.attisdropped
       AND c.oid NOT IN ('public.patients'::regclass, 'public.therapy_sessions'::regclass)
       AND ((a.attname = 'session_id' AND a.atttypid = 'uuid'::regtype)
            OR EXISTS (SELECT FROM pg_catalog.pg_constraint f
                        WHERE f.conrelid = c.oid AND f.conkey = ARRAY[a.attnum]
                          AND f.confrelid = 'public.patients'::regclass))
$$;
COMMENT ON FUNCTION app.about_patients() IS 'Tables whose rows are about one patient or session, and the column that says whose.';

-- Whatever hangs on a patient or a session is read; what does not go with these is removed by hand.
DO $$
DECLARE
    ours  regclass;
    other text;
BEGIN
    FOR other IN SELECT rolname FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
    LOOP
        EXECUTE format('REVOKE ALL ON public.erasures FROM %I', other);
    END LOOP;
    FOR ours IN
        SELECT a.relation FROM app.about_patients() a
        UNION SELECT 'public.patients'::regclass
        UNION SELECT 'public.therapy_sessions'::regclass
        UNION SELECT 'public.audit_log'::regclass
        UNION SELECT 'public.clinical_note_versions'::regclass
    LOOP
        EXECUTE format('GRANT SELECT ON %s TO myograph_privacy', ours);
        EXECUTE format('CREATE POLICY privacy ON %s FOR SELECT TO myograph_privacy USING (true)', ours);
    END LOOP;
    FOREACH ours IN ARRAY ARRAY['therapy_sessions', 'patients', 'upload_events', 'storage_outbox']
    LOOP
        EXECUTE format('GRANT DELETE ON %s TO myograph_privacy', ours);
        EXECUTE format('CREATE POLICY privacy_erases ON %s FOR DELETE TO myograph_privacy USING (true)', ours);
    END LOOP;
END
$$;

CREATE FUNCTION app.sessions_of(code text) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT t.id FROM public.therapy_sessions t
     WHERE t.patient_id = code OR (t.patient_id IS NULL AND t.claimed_patient_code = code)
$$;
COMMENT ON FUNCTION app.sessions_of(text) IS 'Those of a patient, and those that nobody has and that say they are.';

CREATE FUNCTION app.objects_of(code text) RETURNS TABLE (bucket text, name text, ours boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT t.storage_bucket, t.file_path, t.id IN (SELECT app.sessions_of(code))
      FROM public.therapy_sessions t
     WHERE t.id IN (SELECT app.sessions_of(code)) OR starts_with(t.file_path, code || '/')
    UNION
    SELECT split_part(b.series_object, '/', 1), substr(b.series_object, strpos(b.series_object, '/') + 1),
           b.session_id IN (SELECT app.sessions_of(code))
      FROM public.bfr_monitoring b
     WHERE b.series_object IS NOT NULL
       AND (b.session_id IN (SELECT app.sessions_of(code)) OR strpos(b.series_object, '/' || code || '/') > 0)
$$;
COMMENT ON FUNCTION app.objects_of(text) IS 'Where recordings and pressures of a patient lie; `ours` false: in their folder, but of somebody else.';

CREATE FUNCTION app.person_data(code text) RETURNS TABLE (subject text, data jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    held record;
    mine uuid[] := ARRAY(SELECT app.sessions_of(code));
BEGIN
    FOR held IN SELECT * FROM app.about_patients() ORDER BY 1, 2
    LOOP
        subject := (SELECT c.relname FROM pg_catalog.pg_class c WHERE c.oid = held.relation);
        FOR data IN EXECUTE format(
            CASE WHEN held.of_session THEN 'SELECT to_jsonb(t) FROM %s t WHERE t.%I = ANY ($2)'
                 ELSE 'SELECT to_jsonb(t) FROM %s t WHERE t.%I = $1' END,
            held.relation, held.col) USING code, mine
        LOOP
            RETURN NEXT;
        END LOOP;
    END LOOP;
    RETURN QUERY
    SELECT 'clinical_note_versions', to_jsonb(v) FROM public.clinical_note_versions v
      JOIN public.clinical_notes n ON n.id = v.note_id
     WHERE n.patient_code = code OR n.session_id = ANY (mine);
    RETURN QUERY SELECT 'patients', to_jsonb(p) FROM public.patients p WHERE p.patient_code = code;
    RETURN QUERY SELECT 'therapy_sessions', to_jsonb(t) FROM public.therapy_sessions t WHERE t.id = ANY (mine);
    RETURN QUERY
    SELECT 'audit_log', to_jsonb(a) FROM public.audit_log a
     WHERE a.row_key = code OR a.row_key = ANY (SELECT m::text FROM unnest(mine) m)
     ORDER BY a.id;
END
$$;
COMMENT ON FUNCTION app.person_data(text) IS 'Every row that is about a patient, by table; what is new in the database comes by itself.';

CREATE FUNCTION app.begin_erasure(code text, known_as text, why text, who text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    begun uuid;
BEGIN
    IF NOT EXISTS (SELECT FROM public.patients p WHERE p.patient_code = code)
       AND NOT EXISTS (SELECT FROM app.sessions_of(code)) THEN
        RAISE EXCEPTION 'Nothing is stored of a patient of this code.' USING ERRCODE = 'MG404';
    END IF;
    SELECT e.id INTO begun FROM public.erasures e WHERE e.pseudonym = known_as AND e.erased_at IS NULL;
    IF begun IS NULL THEN
        INSERT INTO public.erasures (pseudonym, reason, erased_by) VALUES (known_as, why, who)
        RETURNING id INTO begun;
    END IF;
    RETURN begun;
END
$$;
COMMENT ON FUNCTION app.begin_erasure(text, text, text, text) IS 'The row of an erasure, the same one where it was cut off before.';

CREATE FUNCTION app.finish_erasure(erasure uuid, code text, gone text[], removed_objects bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    mine    uuid[] := ARRAY(SELECT app.sessions_of(code));
    counted jsonb;
BEGIN
    IF EXISTS (SELECT FROM app.objects_of(code) o WHERE o.ours AND NOT o.bucket || '/' || o.name = ANY (gone)) THEN
        RAISE EXCEPTION 'Something was uploaded for this patient meanwhile. Please do it again.' USING ERRCODE = 'MG412';
    END IF;
    SELECT jsonb_object_agg(d.subject, d.rows) || jsonb_build_object('objects', removed_objects) INTO counted
      FROM (SELECT p.subject, count(DISTINCT p.data) AS rows FROM app.person_data(code) p WHERE p.subject <> 'audit_log' GROUP BY p.subject) d;
    DELETE FROM public.upload_events e
     WHERE e.session_id = ANY (mine) OR starts_with(e.object_name, code || '/');
    DELETE FROM public.storage_outbox o
     WHERE o.session_id = ANY (mine) OR starts_with(o.name, code || '/') OR starts_with(o.old_name, code || '/');
    DELETE FROM public.therapy_sessions t WHERE t.id = ANY (mine);
    DELETE FROM public.patients p WHERE p.patient_code = code;
    UPDATE public.erasures e SET erased_at = now(), removed = COALESCE(counted, '{}') WHERE e.id = erasure;
    RETURN counted;
END
$$;
COMMENT ON FUNCTION app.finish_erasure(uuid, text, text[], bigint) IS 'Remove every row of a patient, once the objects named here are gone; how many of what.';

DO $$
DECLARE
    ours text;
BEGIN
    FOREACH ours IN ARRAY ARRAY['about_patients()', 'sessions_of(text)', 'objects_of(text)', 'person_data(text)',
        'begin_erasure(text, text, text, text)', 'finish_erasure(uuid, text, text[], bigint)']
    LOOP
        EXECUTE format('ALTER FUNCTION app.%s OWNER TO myograph_privacy', ours);
        EXECUTE format('REVOKE ALL ON FUNCTION app.%s FROM PUBLIC', ours);
    END LOOP;
END
$$;
REVOKE CREATE ON SCHEMA app FROM myograph_privacy;
