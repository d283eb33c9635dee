-- What people enter of a session after it was played, and the pressures of its cuffs.

GRANT CREATE ON SCHEMA app TO myograph_worker;

ALTER TABLE session_settings
    ADD COLUMN game_points_maximum double precision
        CHECK (game_points_maximum > 0 AND game_points_maximum < 'infinity'),
    ADD COLUMN entered text[] NOT NULL DEFAULT '{}' CHECK (cardinality(entered) <= 64);
COMMENT ON COLUMN session_settings.game_points_maximum IS 'Points that could be won, as a person says; null: not known.';
COMMENT ON COLUMN session_settings.entered IS 'Columns that a person filled in; the others hold the defaults of the table.';
GRANT SELECT (game_points_maximum, entered) ON session_settings TO myograph_researcher;
COMMENT ON COLUMN performance_scores.bfr_pressure_aop IS 'Measured, per cent of arterial occlusion pressure; of two legs the one further from 50. Null: not measured.';

CREATE TABLE bfr_monitoring (
    session_id                         uuid NOT NULL REFERENCES therapy_sessions ON DELETE CASCADE,
    leg                                text NOT NULL CHECK (leg IN ('left', 'right')),
    target_pressure_aop                double precision CHECK (target_pressure_aop BETWEEN 0 AND 100),
    actual_pressure_aop                double precision CHECK (actual_pressure_aop BETWEEN 0 AND 100),
    pressure_stability_coefficient     double precision CHECK (pressure_stability_coefficient >= 0),
    safety_gate_status                 boolean,
    safety_violations_count            integer CHECK (safety_violations_count >= 0),
    safety_violations_duration_seconds double precision CHECK (safety_violations_duration_seconds >= 0),
    max_pressure_deviation_aop         double precision CHECK (max_pressure_deviation_aop >= 0),
    patient_aop_baseline_mmhg          double precision CHECK (patient_aop_baseline_mmhg > 0),
    patient_limb_circumference_cm      double precision CHECK (patient_limb_circumference_cm > 0),
    cuff_size                          text,
    cuff_position                      text,
    monitoring_device                  text,
    device_calibration_date            date,
    device_serial_number               text,
    bfr_session_duration_minutes       double precision CHECK (bfr_session_duration_minutes >= 0),
    monitoring_frequency_hz            double precision CHECK (monitoring_frequency_hz > 0),
    measurement_method                 text CHECK (measurement_method IN ('sensor', 'manual')),
    series_object                      text,
    entered_by                         uuid REFERENCES people,
    created_at                         timestamptz NOT NULL DEFAULT now(),
    updated_at                         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (session_id, leg),
    CHECK (actual_pressure_aop IS NULL OR measurement_method IS NOT NULL)
);
COMMENT ON TABLE  bfr_monitoring IS 'The cuff of one leg in one session. Pressures in per cent of arterial occlusion pressure.';
COMMENT ON COLUMN bfr_monitoring.session_id IS 'The session.';
COMMENT ON COLUMN bfr_monitoring.leg IS 'left or right.';
COMMENT ON COLUMN bfr_monitoring.target_pressure_aop IS '0 to 100. A target, no measurement; null: that of the settings.';
COMMENT ON COLUMN bfr_monitoring.actual_pressure_aop IS '0 to 100, measured; of a series the median by time while inflated. Null: not measured.';
COMMENT ON COLUMN bfr_monitoring.pressure_stability_coefficient IS 'SD over mean of a series while inflated; 0: it never changed.';
COMMENT ON COLUMN bfr_monitoring.safety_gate_status IS 'True: 45 to 55 inclusive; false: outside; null: unknown.';
COMMENT ON COLUMN bfr_monitoring.safety_violations_count IS 'Stretches of inflated time outside that range.';
COMMENT ON COLUMN bfr_monitoring.safety_violations_duration_seconds IS 'How long they last in all, s.';
COMMENT ON COLUMN bfr_monitoring.max_pressure_deviation_aop IS 'Largest distance from the target while inflated.';
COMMENT ON COLUMN bfr_monitoring.patient_aop_baseline_mmhg IS 'Arterial occlusion pressure of this leg, mmHg.';
COMMENT ON COLUMN bfr_monitoring.patient_limb_circumference_cm IS 'Where the cuff lies, cm.';
COMMENT ON COLUMN bfr_monitoring.cuff_size IS 'As printed on it.';
COMMENT ON COLUMN bfr_monitoring.cuff_position IS 'On the leg: proximal thigh.';
COMMENT ON COLUMN bfr_monitoring.monitoring_device IS 'What measured.';
COMMENT ON COLUMN bfr_monitoring.device_calibration_date IS 'When it was last calibrated.';
COMMENT ON COLUMN bfr_monitoring.device_serial_number IS 'Its number. Not for researchers.';
COMMENT ON COLUMN bfr_monitoring.bfr_session_duration_minutes IS 'How long the cuff was inflated, min.';
COMMENT ON COLUMN bfr_monitoring.monitoring_frequency_hz IS 'Measurements per second of the series, Hz.';
COMMENT ON COLUMN bfr_monitoring.measurement_method IS 'sensor: of a series; manual: entered_by read it off.';
COMMENT ON COLUMN bfr_monitoring.series_object IS 'Bucket and name of the series in object storage; null without one. Not for researchers.';
COMMENT ON COLUMN bfr_monitoring.entered_by IS 'Who entered it or sent the series.';
COMMENT ON COLUMN bfr_monitoring.created_at IS 'When something was first said.';
COMMENT ON COLUMN bfr_monitoring.updated_at IS 'When this row last changed.';
CREATE TRIGGER touch BEFORE UPDATE ON bfr_monitoring FOR EACH ROW EXECUTE FUNCTION app.touch();

ALTER TABLE bfr_monitoring ENABLE ROW LEVEL SECURITY;
ALTER TABLE bfr_monitoring FORCE ROW LEVEL SECURITY;
REVOKE ALL ON bfr_monitoring FROM PUBLIC;
DO $$
DECLARE
    other text;
BEGIN
    FOR other IN SELECT rolname FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
    LOOP
        EXECUTE format('REVOKE ALL ON public.bfr_monitoring FROM %I', other);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE ON bfr_monitoring TO myograph_worker;
CREATE POLICY worker ON bfr_monitoring TO myograph_worker USING (true);
GRANT SELECT ON bfr_monitoring TO myograph_therapist, myograph_admin;
GRANT SELECT (session_id, leg,
              target_pressure_aop, actual_pressure_aop, pressure_stability_coefficient, safety_gate_status,
              safety_violations_count, safety_violations_duration_seconds, max_pressure_deviation_aop,
              patient_aop_baseline_mmhg, patient_limb_circumference_cm, cuff_size, cuff_position,
              monitoring_device, device_calibration_date, bfr_session_duration_minutes, monitoring_frequency_hz,
              measurement_method, created_at, updated_at)
    ON bfr_monitoring TO myograph_researcher;
CREATE POLICY with_session ON bfr_monitoring FOR SELECT TO myograph_therapist, myograph_researcher, myograph_admin
    USING (EXISTS (SELECT FROM therapy_sessions s WHERE s.id = bfr_monitoring.session_id));

-- The reference of a patient's sessions: the latest baseline before each.
CREATE INDEX therapy_sessions_baseline ON therapy_sessions (patient_id, sorted_at DESC)
    WHERE session_type = 'baseline';

CREATE FUNCTION app.score_again(session uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    UPDATE public.therapy_sessions SET updated_at = now() WHERE id = session;
    -- Any other state ends in an analysis, which reads what was said.
    IF EXISTS (SELECT FROM public.therapy_sessions WHERE id = session AND processing_status = 'completed') THEN
        PERFORM app.enqueue('rescore_session', session, 100);
    END IF;
END
$$;
COMMENT ON FUNCTION app.score_again(uuid) IS 'Queue a new scoring ahead of everything else.';

CREATE FUNCTION app.set_session_type(session uuid, kind text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    one     public.therapy_sessions;
    later   uuid;
BEGIN
    SELECT * INTO one FROM public.therapy_sessions t WHERE t.id = session;
    IF one.session_type IS NOT DISTINCT FROM kind THEN
        RETURN;
    END IF;
    UPDATE public.therapy_sessions SET session_type = kind WHERE id = session;
    IF 'baseline' IN (kind, one.session_type) THEN
        -- It is the reference of what came after it, or no longer is.
        FOR later IN
            SELECT t.id FROM public.therapy_sessions t
             WHERE t.patient_id = one.patient_id AND t.sorted_at > one.sorted_at
               AND t.processing_status = 'completed'
        LOOP
            PERFORM app.enqueue('rescore_session', later, 20);
        END LOOP;
    END IF;
END
$$;
COMMENT ON FUNCTION app.set_session_type(uuid, text) IS 'baseline, training, assessment or null; what a baseline is the reference of is scored again.';

CREATE FUNCTION app.enter(session uuid, said jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    own    jsonb := said - 'session_type';
    wrong  text;
BEGIN
    PERFORM app.writable(session);
    IF jsonb_typeof(own -> 'performance_weights') <> 'null' AND (
        SELECT count(*) <> 4 OR bool_or(w.value::numeric < 0) OR abs(sum(w.value::numeric) - 1) > 1e-9
               OR bool_or(w.key NOT IN ('compliance', 'symmetry', 'effort', 'game'))
          FROM jsonb_each_text(own -> 'performance_weights') w)
    THEN
        RAISE EXCEPTION 'The weights are those of compliance, symmetry, effort and game, and sum to 1.'
            USING ERRCODE = 'MG400';
    END IF;
    IF said ? 'session_type' THEN
        PERFORM app.set_session_type(session, said ->> 'session_type');
    END IF;
    INSERT INTO public.session_settings (session_id, entered_by) VALUES (session, app.person())
    ON CONFLICT (session_id) DO UPDATE SET entered_by = excluded.entered_by;
    -- What is not said stays; null takes back what was said.
    UPDATE public.session_settings s
       SET (
           mvc_calculation_method, mvc_threshold_percentage, mvc_user_left_quad, mvc_user_right_quad,
           performance_weights, duration_threshold_seconds, duration_threshold_left_quad,
           duration_threshold_right_quad, targets, target_contractions_per_muscle,
           rest_period_between_contractions_seconds, rest_period_between_sets_seconds, bfr_enabled,
           bfr_target_pressure_aop, game_difficulty_level, game_points_maximum, visual_feedback_enabled,
           audio_feedback_enabled, real_time_mvc_display, rpe_post_session, accepted_poor_channels
           ) = (SELECT
           COALESCE(r.mvc_calculation_method, 'backend_calculated'), COALESCE(r.mvc_threshold_percentage, 0.75),
           r.mvc_user_left_quad, r.mvc_user_right_quad, r.performance_weights,
           COALESCE(r.duration_threshold_seconds, 2.0), r.duration_threshold_left_quad,
           r.duration_threshold_right_quad, r.targets, r.target_contractions_per_muscle,
           COALESCE(r.rest_period_between_contractions_seconds, 5),
           COALESCE(r.rest_period_between_sets_seconds, 120), r.bfr_enabled,
           COALESCE(r.bfr_target_pressure_aop, 50), r.game_difficulty_level, r.game_points_maximum,
           r.visual_feedback_enabled, r.audio_feedback_enabled, r.real_time_mvc_display, r.rpe_post_session,
           COALESCE(r.accepted_poor_channels, '{}')
             FROM jsonb_populate_record(s, own) r),
           entered = ARRAY(SELECT c FROM unnest(s.entered) c WHERE NOT own ? c
                           UNION SELECT e.key FROM jsonb_each(own) e WHERE e.value <> 'null' ORDER BY 1)
     WHERE s.session_id = session;
    PERFORM app.score_again(session);
EXCEPTION WHEN check_violation OR invalid_text_representation OR numeric_value_out_of_range THEN
    GET STACKED DIAGNOSTICS wrong = CONSTRAINT_NAME;
    RAISE EXCEPTION 'This value cannot be stored (%).', COALESCE(NULLIF(wrong, ''), 'not of its kind')
        USING ERRCODE = 'MG400';
END
$$;
COMMENT ON FUNCTION app.enter(uuid, jsonb) IS 'Store {column of session_settings or session_type: value} as a person says it, and queue a new scoring.';

CREATE FUNCTION app.enter_pressure(session uuid, worn_on text, said jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    wrong text;
BEGIN
    PERFORM app.writable(session);
    IF EXISTS (SELECT FROM public.session_settings s WHERE s.session_id = session AND NOT s.bfr_enabled) THEN
        RAISE EXCEPTION 'Without blood flow restriction there is no pressure to enter.' USING ERRCODE = 'MG400';
    END IF;
    INSERT INTO public.bfr_monitoring (session_id, leg, entered_by) VALUES (session, worn_on, app.person())
    ON CONFLICT (session_id, leg) DO UPDATE SET entered_by = excluded.entered_by;
    UPDATE public.bfr_monitoring b
       SET (
           target_pressure_aop, actual_pressure_aop, pressure_stability_coefficient, safety_gate_status,
           safety_violations_count, safety_violations_duration_seconds, max_pressure_deviation_aop,
           patient_aop_baseline_mmhg, patient_limb_circumference_cm, cuff_size, cuff_position,
           monitoring_device, device_calibration_date, device_serial_number, bfr_session_duration_minutes,
           monitoring_frequency_hz, measurement_method, series_object
           ) = (SELECT
           r.target_pressure_aop, r.actual_pressure_aop, r.pressure_stability_coefficient, r.safety_gate_status,
           r.safety_violations_count, r.safety_violations_duration_seconds, r.max_pressure_deviation_aop,
           r.patient_aop_baseline_mmhg, r.patient_limb_circumference_cm, r.cuff_size, r.cuff_position,
           r.monitoring_device, r.device_calibration_date, r.device_serial_number,
           r.bfr_session_duration_minutes, r.monitoring_frequency_hz, r.measurement_method, r.series_object
             FROM jsonb_populate_record(b, said) r)
     WHERE b.session_id = session AND b.leg = worn_on;
    PERFORM app.score_again(session);
EXCEPTION WHEN check_violation OR invalid_text_representation OR invalid_datetime_format THEN
    GET STACKED DIAGNOSTICS wrong = CONSTRAINT_NAME;
    RAISE EXCEPTION 'This value cannot be stored (%).', COALESCE(NULLIF(wrong, ''), 'not of its kind')
        USING ERRCODE = 'MG400';
END
$$;
COMMENT ON FUNCTION app.enter_pressure(uuid, text, jsonb) IS 'Store {column of bfr_monitoring: value} of one leg, and queue a new scoring.';

CREATE FUNCTION app.analyse_again(session uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    one public.therapy_sessions;
BEGIN
    SELECT * INTO one FROM public.therapy_sessions t WHERE t.id = session FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no such session.' USING ERRCODE = 'MG404';
    ELSIF one.superseded_by IS NOT NULL THEN
        RAISE EXCEPTION 'The recording was overwritten by a later one, so it cannot be analysed again.' USING ERRCODE = 'MG400';
    ELSIF one.object_gone_at IS NOT NULL THEN
        RAISE EXCEPTION 'The recording is gone from the store, so it cannot be analysed again.' USING ERRCODE = 'MG400';
    ELSIF one.processing_status NOT IN ('completed', 'failed') THEN
        RETURN;
    END IF;
    UPDATE public.therapy_sessions
       SET processing_status = CASE one.processing_status WHEN 'completed' THEN 'reprocessing' ELSE 'pending' END,
           failure_kind = NULL, failure_code = NULL, processing_error_message = NULL, tries = 0
     WHERE id = session;
    PERFORM app.enqueue('analyse_session', session, 50);
END
$$;
COMMENT ON FUNCTION app.analyse_again(uuid) IS 'Queue an analysis from the file; what is being analysed anyway is left alone.';

CREATE FUNCTION app.reprocess(session uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    PERFORM app.writable(session);
    PERFORM app.analyse_again(session);
END
$$;
COMMENT ON FUNCTION app.reprocess(uuid) IS 'The same for a person, of a session of theirs.';

DO $$
DECLARE
    ours text;
BEGIN
    FOREACH ours IN ARRAY ARRAY['score_again(uuid)', 'set_session_type(uuid, text)', 'enter(uuid, jsonb)',
        'enter_pressure(uuid, text, jsonb)', 'analyse_again(uuid)', 'reprocess(uuid)']
    LOOP
        EXECUTE format('ALTER FUNCTION app.%s OWNER TO myograph_worker', ours);
        EXECUTE format('REVOKE ALL ON FUNCTION app.%s FROM PUBLIC', ours);
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION app.enter(uuid, jsonb), app.enter_pressure(uuid, text, jsonb), app.reprocess(uuid)
    TO myograph_therapist, myograph_admin;
REVOKE CREATE ON SCHEMA app FROM myograph_worker;
