-- What a baseline is the reference of is scored again whenever that reference comes, changes or goes.

GRANT CREATE ON SCHEMA app TO myograph_worker;

CREATE FUNCTION app.rescore_after(patient text, since timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    later uuid;
BEGIN
    -- Any other state ends in an analysis, which looks for its reference itself.
    FOR later IN
        SELECT t.id FROM public.therapy_sessions t
         WHERE t.patient_id = patient AND t.sorted_at > since AND t.processing_status = 'completed'
         ORDER BY t.sorted_at
    LOOP
        PERFORM app.enqueue('rescore_session', later, 20);
    END LOOP;
END
$$;
COMMENT ON FUNCTION app.rescore_after(text, timestamptz) IS 'Queue a new scoring of every finished session that a patient played later.';

CREATE FUNCTION app.refer_again() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    PERFORM app.rescore_after(NEW.patient_id, LEAST(OLD.sorted_at, NEW.sorted_at));
    IF OLD.patient_id IS DISTINCT FROM NEW.patient_id THEN
        PERFORM app.rescore_after(OLD.patient_id, OLD.sorted_at);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION app.refer_again() IS 'In the transaction that changes whose reference a baseline is, or ends its analysis.';
CREATE TRIGGER refer_again AFTER UPDATE ON therapy_sessions FOR EACH ROW
    WHEN ('baseline' IN (OLD.session_type, NEW.session_type)
          AND ((OLD.session_type, OLD.patient_id, OLD.superseded_by, OLD.duplicate_of)
               IS DISTINCT FROM (NEW.session_type, NEW.patient_id, NEW.superseded_by, NEW.duplicate_of)
               OR (NEW.processing_status IN ('completed', 'failed')
                   AND OLD.processing_status <> NEW.processing_status)))
    EXECUTE FUNCTION app.refer_again();

CREATE OR REPLACE FUNCTION app.set_session_type(session uuid, kind text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
    UPDATE public.therapy_sessions SET session_type = kind
     WHERE id = session AND session_type IS DISTINCT FROM kind
$$;
COMMENT ON FUNCTION app.set_session_type(uuid, text) IS 'baseline, training, assessment or null.';

ALTER FUNCTION app.rescore_after(text, timestamptz) OWNER TO myograph_worker;
ALTER FUNCTION app.refer_again() OWNER TO myograph_worker;
REVOKE ALL ON FUNCTION app.rescore_after(text, timestamptz), app.refer_again() FROM PUBLIC;
REVOKE CREATE ON SCHEMA app FROM myograph_worker;
