-- Who may see what: rows by policy, columns by grant, identity by one function.

CREATE SCHEMA app;
REVOKE ALL ON SCHEMA app FROM PUBLIC;
GRANT USAGE ON SCHEMA app TO myograph_web, myograph_therapist, myograph_researcher, myograph_admin, myograph_worker, myograph_accounts;
GRANT USAGE ON SCHEMA public TO myograph_therapist, myograph_researcher, myograph_admin, myograph_worker, myograph_accounts;
-- Only while this file runs: whoever is to own a function must be allowed to create one.
GRANT CREATE ON SCHEMA app TO myograph_worker, myograph_accounts;

-- Identity. Definer functions belong to myograph_worker, for which a policy lets every row pass:
-- so a policy that calls them never comes back to its own table.

CREATE FUNCTION app.person() RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    -- Whoever can run SQL can set claims: they count only where the web has logged in.
    IF session_user = 'myograph_web' THEN
        RETURN (
            SELECT p.id
              FROM public.people p
             WHERE p.id = (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid
               AND p.active
        );
    END IF;
    RETURN (SELECT p.id FROM public.people p WHERE p.db_login = session_user AND p.active);
END
$$;
COMMENT ON FUNCTION app.person() IS 'Who is asking; null where nobody is known.';

CREATE FUNCTION app.acts_as(wanted text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT EXISTS (SELECT FROM public.people p WHERE p.id = app.person() AND p.role = wanted)
$$;
COMMENT ON FUNCTION app.acts_as(text) IS 'Whether the person who asks has this role in table people.';

CREATE FUNCTION app.my_patients() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT p.patient_code FROM public.patients p WHERE p.therapist_id = app.person() AND app.acts_as('therapist')
$$;
COMMENT ON FUNCTION app.my_patients() IS 'Codes of the patients of the therapist who asks.';

-- Pseudonyms and not codes: whoever a policy serves may also call what it calls.
CREATE FUNCTION app.consented_pseudonyms() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT p.pseudonym FROM public.patients p
     WHERE p.research_consent AND p.pseudonym IS NOT NULL AND app.acts_as('researcher')
$$;
COMMENT ON FUNCTION app.consented_pseudonyms() IS 'Pseudonyms of the patients whose sessions the researcher who asks may see.';

ALTER FUNCTION app.person() OWNER TO myograph_worker;
ALTER FUNCTION app.acts_as(text) OWNER TO myograph_worker;
ALTER FUNCTION app.my_patients() OWNER TO myograph_worker;
ALTER FUNCTION app.consented_pseudonyms() OWNER TO myograph_worker;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA app FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.person(), app.acts_as(text) TO myograph_therapist, myograph_researcher, myograph_admin;
GRANT EXECUTE ON FUNCTION app.my_patients() TO myograph_therapist;
GRANT EXECUTE ON FUNCTION app.consented_pseudonyms() TO myograph_researcher;

-- Nothing for strangers, whatever default privileges a host has set (Supabase grants to anon).
DO $$
DECLARE
    ours  text;
    other text;
BEGIN
    FOREACH ours IN ARRAY ARRAY['people', 'local_accounts', 'therapists', 'researcher_profiles', 'patients',
        'scoring_configuration', 'therapy_sessions', 'c3d_technical_data', 'processing_parameters',
        'session_settings', 'emg_statistics', 'contraction_edits', 'contractions', 'performance_scores',
        'upload_events']
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

-- people and accounts

GRANT SELECT (id, role, db_login, active) ON people TO myograph_worker;
CREATE POLICY worker ON people FOR SELECT TO myograph_worker USING (true);
GRANT SELECT ON people TO myograph_accounts;
GRANT INSERT (name, role) ON people TO myograph_accounts;
CREATE POLICY accounts ON people TO myograph_accounts USING (true);
GRANT SELECT (id, name, role, active) ON people TO myograph_therapist, myograph_researcher;
CREATE POLICY oneself ON people FOR SELECT TO myograph_therapist, myograph_researcher
    USING (id = (SELECT app.person()));
GRANT SELECT, INSERT (id, name, role, db_login, active), UPDATE (name, role, db_login, active) ON people TO myograph_admin;
CREATE POLICY admin_reads ON people FOR SELECT TO myograph_admin USING ((SELECT app.acts_as('admin')));
CREATE POLICY admin_adds ON people FOR INSERT TO myograph_admin WITH CHECK ((SELECT app.acts_as('admin')));
-- Nobody changes their own role.
CREATE POLICY admin_changes_others ON people FOR UPDATE TO myograph_admin
    USING ((SELECT app.acts_as('admin')) AND id <> (SELECT app.person()));

GRANT SELECT, INSERT ON local_accounts TO myograph_accounts;
CREATE POLICY accounts ON local_accounts TO myograph_accounts USING (true);

GRANT SELECT, INSERT (id) ON therapists TO myograph_accounts;
CREATE POLICY accounts ON therapists TO myograph_accounts USING (true);
GRANT SELECT ON therapists TO myograph_worker;
CREATE POLICY worker ON therapists FOR SELECT TO myograph_worker USING (true);
GRANT SELECT ON therapists TO myograph_therapist;
CREATE POLICY oneself ON therapists FOR SELECT TO myograph_therapist USING (id = (SELECT app.person()));
GRANT SELECT, INSERT (id) ON therapists TO myograph_admin;
CREATE POLICY admin ON therapists TO myograph_admin USING ((SELECT app.acts_as('admin')));

GRANT SELECT, INSERT (id) ON researcher_profiles TO myograph_accounts;
CREATE POLICY accounts ON researcher_profiles TO myograph_accounts USING (true);
GRANT SELECT ON researcher_profiles TO myograph_researcher;
CREATE POLICY oneself ON researcher_profiles FOR SELECT TO myograph_researcher USING (id = (SELECT app.person()));
GRANT SELECT, INSERT (id, institution), UPDATE (institution) ON researcher_profiles TO myograph_admin;
CREATE POLICY admin ON researcher_profiles TO myograph_admin USING ((SELECT app.acts_as('admin')));

-- patients

GRANT SELECT ON patients TO myograph_worker;
GRANT UPDATE (pseudonym, channel_assignment, mvc_left_quad, mvc_right_quad, mvc_left_session_id, mvc_right_session_id)
    ON patients TO myograph_worker;
CREATE POLICY worker ON patients TO myograph_worker USING (true);
GRANT SELECT ON patients TO myograph_therapist;
CREATE POLICY own ON patients FOR SELECT TO myograph_therapist
    USING (therapist_id = (SELECT app.person()) AND (SELECT app.acts_as('therapist')));
GRANT SELECT (pseudonym, research_consent, treatment_start, channel_assignment, target_contractions_per_muscle,
              mvc_left_quad, mvc_right_quad) ON patients TO myograph_researcher;
CREATE POLICY consented ON patients FOR SELECT TO myograph_researcher
    USING (research_consent AND pseudonym IS NOT NULL AND (SELECT app.acts_as('researcher')));
GRANT SELECT,
      INSERT (patient_code, pseudonym, therapist_id, research_consent, treatment_start, channel_assignment,
              target_contractions_per_muscle, mvc_left_quad, mvc_right_quad),
      UPDATE (pseudonym, therapist_id, research_consent, treatment_start, channel_assignment,
              target_contractions_per_muscle, mvc_left_quad, mvc_right_quad)
    ON patients TO myograph_admin;
CREATE POLICY admin ON patients TO myograph_admin USING ((SELECT app.acts_as('admin')));

-- configuration: everybody known reads it, admins add versions

GRANT SELECT ON scoring_configuration TO myograph_worker;
CREATE POLICY worker ON scoring_configuration FOR SELECT TO myograph_worker USING (true);
GRANT SELECT ON scoring_configuration TO myograph_therapist, myograph_researcher, myograph_admin;
CREATE POLICY known ON scoring_configuration FOR SELECT TO myograph_therapist, myograph_researcher, myograph_admin
    USING ((SELECT app.person()) IS NOT NULL);
GRANT INSERT (id, version, name, weights, component_weights, rpe_mapping, include_estimated_intensity, targets,
              scope, active, author, reason),
      UPDATE (active) ON scoring_configuration TO myograph_admin;
CREATE POLICY admin_adds ON scoring_configuration FOR INSERT TO myograph_admin
    WITH CHECK ((SELECT app.acts_as('admin')) AND author = (SELECT app.person()));
CREATE POLICY admin_changes ON scoring_configuration FOR UPDATE TO myograph_admin
    USING ((SELECT app.acts_as('admin')));

GRANT SELECT, INSERT ON processing_parameters TO myograph_worker;
CREATE POLICY worker ON processing_parameters TO myograph_worker USING (true);
GRANT SELECT ON processing_parameters TO myograph_therapist, myograph_researcher, myograph_admin;
CREATE POLICY known ON processing_parameters FOR SELECT TO myograph_therapist, myograph_researcher, myograph_admin
    USING ((SELECT app.person()) IS NOT NULL);

-- sessions

GRANT SELECT, INSERT, UPDATE ON therapy_sessions TO myograph_worker;
CREATE POLICY worker ON therapy_sessions TO myograph_worker USING (true);
GRANT SELECT ON therapy_sessions TO myograph_therapist, myograph_admin;
CREATE POLICY own ON therapy_sessions FOR SELECT TO myograph_therapist
    USING (patient_id IN (SELECT app.my_patients())
           OR (patient_id IS NULL AND uploaded_by = (SELECT app.person()) AND (SELECT app.acts_as('therapist'))));
CREATE POLICY admin ON therapy_sessions FOR SELECT TO myograph_admin USING ((SELECT app.acts_as('admin')));
-- Left out: whatever holds the code or a name (paths, session_id, game, findings, error texts).
GRANT SELECT (id, file_hash, file_size_bytes, pseudonym, started_local, session_date, session_type, protocol_day,
              processing_version, processing_status, failure_kind, failure_code, processing_time_ms, recovered,
              object_gone_at, superseded_by, duplicate_of, analytics_cache, cache_hits, attempt, tries,
              changed_xid, created_at, processed_at, updated_at, sorted_at)
    ON therapy_sessions TO myograph_researcher;
CREATE POLICY consented ON therapy_sessions FOR SELECT TO myograph_researcher
    USING (pseudonym IN (SELECT app.consented_pseudonyms()));

-- what hangs on a session is seen with it

GRANT SELECT, INSERT, UPDATE, DELETE ON c3d_technical_data, emg_statistics, contractions, performance_scores TO myograph_worker;
CREATE POLICY worker ON c3d_technical_data TO myograph_worker USING (true);
CREATE POLICY worker ON emg_statistics TO myograph_worker USING (true);
CREATE POLICY worker ON contractions TO myograph_worker USING (true);
CREATE POLICY worker ON performance_scores TO myograph_worker USING (true);
GRANT SELECT, INSERT, UPDATE ON session_settings TO myograph_worker;
CREATE POLICY worker ON session_settings TO myograph_worker USING (true);
GRANT SELECT, INSERT ON contraction_edits TO myograph_worker;
CREATE POLICY worker ON contraction_edits TO myograph_worker USING (true);
GRANT SELECT, INSERT ON upload_events TO myograph_worker;
CREATE POLICY worker ON upload_events TO myograph_worker USING (true);

GRANT SELECT ON c3d_technical_data, emg_statistics, contractions, performance_scores
    TO myograph_therapist, myograph_researcher, myograph_admin;
CREATE POLICY with_session ON c3d_technical_data FOR SELECT TO myograph_therapist, myograph_researcher, myograph_admin
    USING (EXISTS (SELECT FROM therapy_sessions s WHERE s.id = c3d_technical_data.session_id));
CREATE POLICY with_session ON emg_statistics FOR SELECT TO myograph_therapist, myograph_researcher, myograph_admin
    USING (EXISTS (SELECT FROM therapy_sessions s WHERE s.id = emg_statistics.session_id));
CREATE POLICY with_session ON contractions FOR SELECT TO myograph_therapist, myograph_researcher, myograph_admin
    USING (EXISTS (SELECT FROM therapy_sessions s WHERE s.id = contractions.session_id));
CREATE POLICY with_session ON performance_scores FOR SELECT TO myograph_therapist, myograph_researcher, myograph_admin
    USING (EXISTS (SELECT FROM therapy_sessions s WHERE s.id = performance_scores.session_id));

GRANT SELECT ON session_settings TO myograph_therapist, myograph_admin;
GRANT SELECT (session_id, mvc_calculation_method, mvc_threshold_percentage, mvc_user_left_quad, mvc_user_right_quad,
              performance_weights, duration_threshold_seconds, duration_threshold_left_quad,
              duration_threshold_right_quad, targets, target_contractions_per_muscle,
              rest_period_between_contractions_seconds, rest_period_between_sets_seconds, bfr_enabled,
              bfr_target_pressure_aop, game_difficulty_level, visual_feedback_enabled, audio_feedback_enabled,
              real_time_mvc_display, channel_assignment, rpe_post_session, accepted_poor_channels)
    ON session_settings TO myograph_researcher;
CREATE POLICY with_session ON session_settings FOR SELECT TO myograph_therapist, myograph_researcher, myograph_admin
    USING (EXISTS (SELECT FROM therapy_sessions s WHERE s.id = session_settings.session_id));

GRANT SELECT ON contraction_edits TO myograph_therapist, myograph_admin;
GRANT SELECT (id, session_id, channel, action, before_start_s, before_end_s, after_start_s, after_end_s, at)
    ON contraction_edits TO myograph_researcher;
CREATE POLICY with_session ON contraction_edits FOR SELECT TO myograph_therapist, myograph_researcher, myograph_admin
    USING (EXISTS (SELECT FROM therapy_sessions s WHERE s.id = contraction_edits.session_id));

GRANT SELECT ON upload_events TO myograph_admin;
CREATE POLICY admin ON upload_events FOR SELECT TO myograph_admin USING ((SELECT app.acts_as('admin')));

-- views

CREATE VIEW therapy_sessions_with_technical WITH (security_invoker = true) AS
SELECT s.*, t.original_sampling_rate, t.original_duration_seconds, t.original_sample_count, t.channel_count,
       t.channel_names, t.emg_labels, t.sampling_rate, t.duration_seconds, t.frame_count, t.rate_correction,
       t.rate_assumed, t.extracted_at
  FROM therapy_sessions s
  LEFT JOIN c3d_technical_data t ON t.session_id = s.id;
COMMENT ON VIEW therapy_sessions_with_technical IS 'Each session beside what its file says of itself.';
GRANT SELECT ON therapy_sessions_with_technical TO myograph_therapist, myograph_admin, myograph_worker;

CREATE VIEW research_sessions WITH (security_invoker = true) AS
SELECT id, NULL::text AS session_id, NULL::text AS patient_id, pseudonym, NULL::text AS claimed_patient_code,
       NULL::text AS patient_finding, NULL::text AS file_path, NULL::text AS storage_bucket,
       NULL::text AS storage_version, NULL::text AS storage_etag, file_hash, file_size_bytes,
       started_local, session_date, session_type, protocol_day, NULL::jsonb AS game_metadata,
       NULL::jsonb AS findings,
       NULL::jsonb AS analysis_findings, processing_status, processing_version, failure_kind, failure_code,
       NULL::text AS processing_error_message, processing_time_ms, recovered, object_gone_at,
       superseded_by, duplicate_of, analytics_cache, cache_hits, attempt, tries,
       changed_xid, created_at, processed_at, updated_at, sorted_at
  FROM therapy_sessions;
COMMENT ON VIEW research_sessions IS 'Sessions as a researcher sees them: null where a patient''s code may stand.';
GRANT SELECT ON research_sessions TO myograph_researcher;

CREATE VIEW research_patients WITH (security_invoker = true) AS
SELECT NULL::text AS patient_code, pseudonym, NULL::uuid AS therapist_id, research_consent, treatment_start,
       channel_assignment, target_contractions_per_muscle, mvc_left_quad, mvc_right_quad
  FROM patients;
COMMENT ON VIEW research_patients IS 'Patients as a researcher sees them.';
GRANT SELECT ON research_patients TO myograph_researcher;

-- triggers

CREATE FUNCTION app.touch() RETURNS trigger
LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

CREATE FUNCTION app.stamp_session() RETURNS trigger
LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    NEW.updated_at := now();
    NEW.changed_xid := pg_current_xact_id();
    RETURN NEW;
END
$$;

CREATE FUNCTION app.announce_session() RETURNS trigger
LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    PERFORM pg_notify('session_changed', NEW.id::text);
    RETURN NULL;
END
$$;

CREATE TRIGGER touch BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TRIGGER touch BEFORE UPDATE ON patients FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TRIGGER touch BEFORE UPDATE ON session_settings FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TRIGGER announce_new AFTER INSERT ON therapy_sessions FOR EACH ROW EXECUTE FUNCTION app.announce_session();
-- A lease that is merely extended is no news.
CREATE TRIGGER stamp BEFORE UPDATE ON therapy_sessions FOR EACH ROW
    WHEN ((OLD.lease_until < NEW.lease_until AND OLD.attempt = NEW.attempt) IS NOT TRUE)
    EXECUTE FUNCTION app.stamp_session();
CREATE TRIGGER announce AFTER UPDATE ON therapy_sessions FOR EACH ROW
    WHEN (OLD.changed_xid <> NEW.changed_xid OR OLD.processing_status <> NEW.processing_status)
    EXECUTE FUNCTION app.announce_session();
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA app FROM PUBLIC;
REVOKE CREATE ON SCHEMA app FROM myograph_worker, myograph_accounts;
