-- What was given out, to whom, in which form: a row before any byte of it leaves.

CREATE TABLE export_history (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    session_id         uuid REFERENCES therapy_sessions ON DELETE CASCADE,
    query              jsonb CHECK (jsonb_typeof(query) = 'object'),
    export_type        text NOT NULL CHECK (export_type IN ('statistics_only', 'performance_report', 'signals_visualization',
                                            'signals_research_full', 'clinical_summary', 'bfr_safety_report')),
    channels_exported  text[] CHECK (cardinality(channels_exported) <= 200),
    data_format        text NOT NULL CHECK (data_format IN ('json', 'csv', 'excel', 'matlab', 'parquet', 'bids', 'fhir')),
    export_options     jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(export_options) = 'object'),
    processing_method  text NOT NULL CHECK (processing_method IN ('database_query', 'jit_c3d_processing')),
    data_source        text NOT NULL CHECK (data_source IN ('cached_statistics', 'c3d_file_processed')),
    processing_time_ms integer NOT NULL CHECK (processing_time_ms >= 0),
    exported_by        uuid NOT NULL REFERENCES people,
    identifiers        boolean NOT NULL,
    reason             text CHECK (length(reason) <= 1000),
    export_timestamp   timestamptz NOT NULL DEFAULT now(),
    session_count      integer CHECK (session_count > 0),
    row_counts         jsonb CHECK (jsonb_typeof(row_counts) = 'object'),
    file_size_bytes    bigint CHECK (file_size_bytes > 0),
    export_hash        text CHECK (export_hash ~ '^[0-9a-f]{64}$'),
    export_status      text NOT NULL CHECK (export_status IN ('success', 'partial', 'failed')),
    validation_checks  jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(validation_checks) = 'object'),
    error_code         text CHECK (error_code <> ''),
    error_message      text CHECK (error_message <> ''),
    created_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT export_history_one_or_many CHECK (session_id IS NULL OR query IS NULL),
    CONSTRAINT export_history_identifiers CHECK (NOT identifiers OR COALESCE(reason ~ '[^[:space:]]', false)),
    CONSTRAINT export_history_given CHECK (
        (export_status <> 'failed') = (num_nulls(export_hash, file_size_bytes, row_counts, session_count) = 0)),
    CONSTRAINT export_history_failed CHECK (
        (export_status = 'failed') = (error_code IS NOT NULL) AND (error_code IS NULL) = (error_message IS NULL))
);
CREATE INDEX export_history_newest ON export_history (export_timestamp DESC, id DESC);
CREATE INDEX export_history_person ON export_history (exported_by, export_timestamp DESC, id DESC);
CREATE INDEX export_history_session ON export_history (session_id, export_timestamp DESC, id DESC) WHERE session_id IS NOT NULL;
COMMENT ON TABLE  export_history IS 'What was given out as a file, or was asked for and failed. Append only. Of one session it goes when that is erased; audit_log keeps that it was given out.';
COMMENT ON COLUMN export_history.id IS 'The key.';
COMMENT ON COLUMN export_history.session_id IS 'The one session. Null: the query chose, or the session that was asked for is not there or not to be seen.';
COMMENT ON COLUMN export_history.query IS 'What chose many: {"sessions": [...], "patients": [pseudonym, ...], "from", "to", "session_type"}; never a patient''s code. Null: of one session.';
COMMENT ON COLUMN export_history.export_type IS 'statistics_only, performance_report, signals_visualization, signals_research_full, clinical_summary or bfr_safety_report.';
COMMENT ON COLUMN export_history.channels_exported IS 'Labels of the channels. Null: all.';
COMMENT ON COLUMN export_history.data_format IS 'json, csv, excel, matlab, parquet, bids or fhir.';
COMMENT ON COLUMN export_history.export_options IS 'What else was asked for: {"delimiter": ";", "identifiers": true}; of a failed one {"session": ...} too, as it was asked for.';
COMMENT ON COLUMN export_history.processing_method IS 'database_query: from stored numbers; jit_c3d_processing: from the recording itself.';
COMMENT ON COLUMN export_history.data_source IS 'cached_statistics or c3d_file_processed.';
COMMENT ON COLUMN export_history.processing_time_ms IS 'How long it took to make, ms.';
COMMENT ON COLUMN export_history.exported_by IS 'Who made it; whoever asks, and nobody else.';
COMMENT ON COLUMN export_history.identifiers IS 'The file names patients by their code. Only an administrator may, with a reason.';
COMMENT ON COLUMN export_history.reason IS 'Why, in the words of whoever made it.';
COMMENT ON COLUMN export_history.export_timestamp IS 'When it was made.';
COMMENT ON COLUMN export_history.session_count IS 'How many sessions are in it. Null: failed.';
COMMENT ON COLUMN export_history.row_counts IS '{table of the file: rows}. Null: failed.';
COMMENT ON COLUMN export_history.file_size_bytes IS 'B. Null: failed.';
COMMENT ON COLUMN export_history.export_hash IS 'SHA-256 of the file, in hex: the same data make the same bytes. Null: failed.';
COMMENT ON COLUMN export_history.export_status IS 'success, partial or failed.';
COMMENT ON COLUMN export_history.validation_checks IS 'What was looked at before it was given out: {"no_code": true, ...}.';
COMMENT ON COLUMN export_history.error_code IS 'Why it failed, as a code of docs/problems.md.';
COMMENT ON COLUMN export_history.error_message IS 'Why it failed, as a sentence.';
COMMENT ON COLUMN export_history.created_at IS 'When the row was written.';

ALTER TABLE export_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE export_history FORCE ROW LEVEL SECURITY;
REVOKE ALL ON export_history FROM PUBLIC;
DO $$
DECLARE
    other text;
BEGIN
    FOR other IN SELECT rolname FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
    LOOP
        EXECUTE format('REVOKE ALL ON public.export_history FROM %I', other);
    END LOOP;
END
$$;

-- Times are the database's own; nobody changes or removes a row.
GRANT SELECT,
      INSERT (session_id, query, export_type, channels_exported, data_format, export_options, processing_method,
              data_source, processing_time_ms, exported_by, identifiers, reason, session_count, row_counts,
              file_size_bytes, export_hash, export_status, validation_checks, error_code, error_message)
    ON export_history TO myograph_therapist, myograph_researcher, myograph_admin;
CREATE POLICY own ON export_history FOR SELECT TO myograph_therapist, myograph_researcher
    USING (exported_by = (SELECT app.person()));
CREATE POLICY admin ON export_history FOR SELECT TO myograph_admin USING ((SELECT app.acts_as('admin')));
-- A session that is hidden is refused like one that is not there: by the policy, before its key is looked up.
CREATE POLICY therapist_adds ON export_history FOR INSERT TO myograph_therapist
    WITH CHECK (exported_by = (SELECT app.person()) AND NOT identifiers AND (SELECT app.acts_as('therapist'))
                AND (session_id IS NULL OR EXISTS (SELECT FROM therapy_sessions s WHERE s.id = export_history.session_id)));
CREATE POLICY researcher_adds ON export_history FOR INSERT TO myograph_researcher
    WITH CHECK (exported_by = (SELECT app.person()) AND NOT identifiers AND (SELECT app.acts_as('researcher'))
                AND (session_id IS NULL OR EXISTS (SELECT FROM therapy_sessions s WHERE s.id = export_history.session_id)));
CREATE POLICY admin_adds ON export_history FOR INSERT TO myograph_admin
    WITH CHECK (exported_by = (SELECT app.person()) AND (SELECT app.acts_as('admin')));

-- Whatever names a session is handed over with its patient, and goes with it.
GRANT SELECT ON export_history TO myograph_privacy;
CREATE POLICY privacy ON export_history FOR SELECT TO myograph_privacy USING (true);

GRANT CREATE ON SCHEMA app TO myograph_audit;
CREATE FUNCTION app.audit_export() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    PERFORM app.write_audit(
        app.person(), 'export', 'export_history', NEW.id::text, NULL,
        jsonb_strip_nulls(jsonb_build_object(
            'session', NEW.session_id, 'type', NEW.export_type, 'format', NEW.data_format, 'status', NEW.export_status,
            'identifiers', NEW.identifiers, 'sessions', NEW.session_count, 'bytes', NEW.file_size_bytes,
            'error', NEW.error_code)));
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION app.audit_export() IS 'Trigger: an export in the record of who did what, by whatever way its row came.';
ALTER FUNCTION app.audit_export() OWNER TO myograph_audit;
REVOKE ALL ON FUNCTION app.audit_export() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.audit_export() TO CURRENT_USER;
REVOKE CREATE ON SCHEMA app FROM myograph_audit;
CREATE TRIGGER audit AFTER INSERT ON export_history FOR EACH ROW EXECUTE FUNCTION app.audit_export();
