-- What was measured and judged in a session, what people say about it, and how it came in.
-- No column ever holds a signal: contractions are rows, samples stay in the C3D file.

CREATE TABLE session_settings (
    session_id                                uuid PRIMARY KEY REFERENCES therapy_sessions ON DELETE CASCADE,
    mvc_calculation_method                    text NOT NULL DEFAULT 'backend_calculated'
                                              CHECK (mvc_calculation_method IN ('user_defined', 'backend_calculated')),
    mvc_threshold_percentage                  double precision NOT NULL DEFAULT 0.75
                                              CHECK (mvc_threshold_percentage > 0 AND mvc_threshold_percentage <= 1),
    mvc_user_left_quad                        double precision CHECK (mvc_user_left_quad > 0),
    mvc_user_right_quad                       double precision CHECK (mvc_user_right_quad > 0),
    performance_weights                       jsonb,
    duration_threshold_seconds                double precision NOT NULL DEFAULT 2.0 CHECK (duration_threshold_seconds > 0),
    duration_threshold_left_quad              double precision CHECK (duration_threshold_left_quad > 0),
    duration_threshold_right_quad             double precision CHECK (duration_threshold_right_quad > 0),
    targets                                   text CHECK (targets IN ('fixed', 'prescribed')),
    target_contractions_per_muscle            integer CHECK (target_contractions_per_muscle > 0),
    rest_period_between_contractions_seconds  double precision NOT NULL DEFAULT 5 CHECK (rest_period_between_contractions_seconds >= 0),
    rest_period_between_sets_seconds          double precision NOT NULL DEFAULT 120 CHECK (rest_period_between_sets_seconds >= 0),
    bfr_enabled                               boolean,
    bfr_target_pressure_aop                   double precision NOT NULL DEFAULT 50 CHECK (bfr_target_pressure_aop BETWEEN 0 AND 100),
    game_difficulty_level                     integer CHECK (game_difficulty_level BETWEEN 1 AND 27),
    visual_feedback_enabled                   boolean,
    audio_feedback_enabled                    boolean,
    real_time_mvc_display                     boolean,
    channel_assignment                        jsonb CHECK (jsonb_typeof(channel_assignment) = 'object'),
    rpe_post_session                          integer CHECK (rpe_post_session BETWEEN 0 AND 10),
    accepted_poor_channels                    text[] NOT NULL DEFAULT '{}' CHECK (cardinality(accepted_poor_channels) <= 64),
    entered_by                                uuid REFERENCES people,
    created_at                                timestamptz NOT NULL DEFAULT now(),
    updated_at                                timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE  session_settings IS 'What people say about a session. A change makes a new scoring, never a new measurement.';
COMMENT ON COLUMN session_settings.session_id IS 'The session.';
COMMENT ON COLUMN session_settings.mvc_calculation_method IS 'What is wanted: user_defined or backend_calculated; emg_statistics says what was used.';
COMMENT ON COLUMN session_settings.mvc_threshold_percentage IS 'Share of the maximum from which a contraction is intense enough, 0 to 1.';
COMMENT ON COLUMN session_settings.mvc_user_left_quad IS 'Set by a therapist, V of the raw channel''s envelope.';
COMMENT ON COLUMN session_settings.mvc_user_right_quad IS 'Set by a therapist, V of the raw channel''s envelope.';
COMMENT ON COLUMN session_settings.performance_weights IS 'Weights for this session alone; null: those of the configuration.';
COMMENT ON COLUMN session_settings.duration_threshold_seconds IS 'How long a contraction must be held, s.';
COMMENT ON COLUMN session_settings.duration_threshold_left_quad IS 'The same of the left leg, where it differs, s.';
COMMENT ON COLUMN session_settings.duration_threshold_right_quad IS 'The same of the right leg, where it differs, s.';
COMMENT ON COLUMN session_settings.targets IS 'fixed or prescribed; null: as the configuration says.';
COMMENT ON COLUMN session_settings.target_contractions_per_muscle IS 'Null: the patient''s, else 12.';
COMMENT ON COLUMN session_settings.rest_period_between_contractions_seconds IS 'As planned, s.';
COMMENT ON COLUMN session_settings.rest_period_between_sets_seconds IS 'As planned, s.';
COMMENT ON COLUMN session_settings.bfr_enabled IS 'Blood flow restriction; null: unknown, scored as on but not measured.';
COMMENT ON COLUMN session_settings.bfr_target_pressure_aop IS 'Per cent of arterial occlusion pressure. A target, no measurement.';
COMMENT ON COLUMN session_settings.game_difficulty_level IS '1 to 27.';
COMMENT ON COLUMN session_settings.visual_feedback_enabled IS 'As set in the game.';
COMMENT ON COLUMN session_settings.audio_feedback_enabled IS 'As set in the game.';
COMMENT ON COLUMN session_settings.real_time_mvc_display IS 'As set in the game.';
COMMENT ON COLUMN session_settings.channel_assignment IS '{"CH1": {"muscle": "quadriceps", "side": "left"}}; null: the patient''s.';
COMMENT ON COLUMN session_settings.rpe_post_session IS 'Perceived exertion 0 to 10 as a person entered it; it comes before the file''s.';
COMMENT ON COLUMN session_settings.accepted_poor_channels IS 'Labels of poor channels that a therapist lets count.';
COMMENT ON COLUMN session_settings.entered_by IS 'Who changed it last.';
COMMENT ON COLUMN session_settings.created_at IS 'When somebody first said something.';
COMMENT ON COLUMN session_settings.updated_at IS 'When this row last changed.';

CREATE TABLE emg_statistics (
    session_id                  uuid NOT NULL REFERENCES therapy_sessions ON DELETE CASCADE,
    channel_name                text NOT NULL,
    channel_number              integer NOT NULL CHECK (channel_number > 0),
    muscle                      text,
    side                        text CHECK (side IN ('left', 'right')),
    mvc_peak_value              double precision CHECK (mvc_peak_value > 0),
    mvc_rms_value               double precision CHECK (mvc_rms_value > 0),
    mvc_confidence_score        double precision CHECK (mvc_confidence_score BETWEEN 0 AND 1),
    mvc_calculation_method      text CHECK (mvc_calculation_method IN
                                            ('user_defined', 'baseline_session', 'c3d_metadata', 'backend_95percentile')),
    game_mvc                    double precision CHECK (game_mvc > 0),
    envelope_p95                double precision CHECK (envelope_p95 >= 0),
    activated_p95               double precision CHECK (activated_p95 >= 0),
    rest_level                  double precision CHECK (rest_level >= 0),
    detection_threshold         double precision CHECK (detection_threshold >= 0),
    implied_rate                double precision CHECK (implied_rate > 0),
    total_contractions          integer NOT NULL CHECK (total_contractions >= 0),
    target_contractions         integer CHECK (target_contractions > 0),
    good_contractions_intensity integer CHECK (good_contractions_intensity BETWEEN 0 AND total_contractions),
    good_contractions_duration  integer CHECK (good_contractions_duration BETWEEN 0 AND total_contractions),
    good_contractions_both      integer CHECK (good_contractions_both BETWEEN 0 AND total_contractions),
    completion_rate             double precision CHECK (completion_rate BETWEEN 0 AND 1),
    intensity_rate              double precision CHECK (intensity_rate BETWEEN 0 AND 1),
    duration_rate               double precision CHECK (duration_rate BETWEEN 0 AND 1),
    muscle_compliance_score     double precision CHECK (muscle_compliance_score BETWEEN 0 AND 1),
    left_out                    jsonb NOT NULL DEFAULT '{}',
    compliance_reason           text,
    mvc_threshold_percentage    double precision DEFAULT 0.75,
    duration_threshold_seconds  double precision DEFAULT 2.0,
    rms double precision, mav double precision, iemg double precision,
    mpf double precision, mdf double precision, fi_nsm5 double precision,
    spectral_resolution double precision,
    whole_rms double precision, whole_mav double precision, whole_iemg double precision,
    whole_mpf double precision, whole_mdf double precision, whole_fi_nsm5 double precision,
    whole_spectral_resolution double precision,
    temporal_window_s           double precision CHECK (temporal_window_s > 0),
    temporal_windows            integer CHECK (temporal_windows > 0),
    rms_mean double precision, rms_sd double precision, rms_min double precision,
    rms_max double precision, rms_cv double precision,
    mav_mean double precision, mav_sd double precision, mav_min double precision,
    mav_max double precision, mav_cv double precision,
    mpf_mean double precision, mpf_sd double precision, mpf_min double precision,
    mpf_max double precision, mpf_cv double precision,
    mdf_mean double precision, mdf_sd double precision, mdf_min double precision,
    mdf_max double precision, mdf_cv double precision,
    fi_nsm5_mean double precision, fi_nsm5_sd double precision, fi_nsm5_min double precision,
    fi_nsm5_max double precision, fi_nsm5_cv double precision,
    game_contractions           integer CHECK (game_contractions >= 0),
    game_matched                integer CHECK (game_matched >= 0),
    game_missed                 integer CHECK (game_missed >= 0),
    game_extra                  integer CHECK (game_extra >= 0),
    game_on_artefact            integer CHECK (game_on_artefact >= 0),
    signal_quality_score        double precision NOT NULL CHECK (signal_quality_score BETWEEN 0 AND 1),
    quality_verdict             text NOT NULL CHECK (quality_verdict IN ('good', 'usable', 'poor')),
    quality_reasons             text[] NOT NULL CHECK (cardinality(quality_reasons) <= 200),
    masked_share                double precision NOT NULL CHECK (masked_share BETWEEN 0 AND 1),
    dropouts                    integer NOT NULL CHECK (dropouts >= 0),
    saturated_share             double precision NOT NULL CHECK (saturated_share BETWEEN 0 AND 1),
    repeats                     integer NOT NULL CHECK (repeats >= 0),
    spikes                      integer NOT NULL CHECK (spikes >= 0),
    artifacts_detected          integer NOT NULL CHECK (artifacts_detected >= 0),
    snr_db                      double precision,
    noise_level                 double precision CHECK (noise_level >= 0),
    noise_level_db              double precision,
    powerline_share             double precision,
    powerline_hz                double precision,
    motion_share                double precision,
    processing_confidence       double precision CHECK (processing_confidence BETWEEN 0 AND 1),
    processing_pipeline         text NOT NULL,
    processing_version          text NOT NULL,
    processing_time_ms          integer CHECK (processing_time_ms >= 0),
    method                      text NOT NULL,
    protocol_digest             text NOT NULL REFERENCES processing_parameters (digest),
    file_hash                   text NOT NULL,
    processed_at                timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (session_id, channel_name)
);
CREATE INDEX emg_statistics_shared ON emg_statistics (file_hash);
COMMENT ON TABLE  emg_statistics IS 'Measured and judged numbers, one row per session and channel.';
COMMENT ON COLUMN emg_statistics.session_id IS 'The session.';
COMMENT ON COLUMN emg_statistics.channel_name IS 'Label of the channel: CH1.';
COMMENT ON COLUMN emg_statistics.channel_number IS 'Place among the EMG channels of the file, from 1.';
COMMENT ON COLUMN emg_statistics.muscle IS 'By the channel assignment; null while unassigned.';
COMMENT ON COLUMN emg_statistics.side IS 'left or right; null while unassigned.';
COMMENT ON COLUMN emg_statistics.mvc_peak_value IS 'Reference that strength was judged by, V, in the domain that its method names.';
COMMENT ON COLUMN emg_statistics.mvc_rms_value IS 'The same as RMS, V, where the reference gives one.';
COMMENT ON COLUMN emg_statistics.mvc_confidence_score IS '0 to 1.';
COMMENT ON COLUMN emg_statistics.mvc_calculation_method IS 'What was really used. backend_95percentile is an estimate from the data it judges.';
COMMENT ON COLUMN emg_statistics.game_mvc IS 'Maximum the game wrote into the file, V of its activated channel.';
COMMENT ON COLUMN emg_statistics.envelope_p95 IS '95th percentile of the envelope inside contractions, V.';
COMMENT ON COLUMN emg_statistics.activated_p95 IS 'The same of the game''s activated channel, V of that domain.';
COMMENT ON COLUMN emg_statistics.rest_level IS 'Level of rest that the detector found, V RMS.';
COMMENT ON COLUMN emg_statistics.detection_threshold IS 'Level above which it saw a contraction, V RMS.';
COMMENT ON COLUMN emg_statistics.implied_rate IS 'Sampling rate that the mains line implies, Hz; null without a line.';
COMMENT ON COLUMN emg_statistics.total_contractions IS 'Contractions found.';
COMMENT ON COLUMN emg_statistics.target_contractions IS 'Contractions asked for.';
COMMENT ON COLUMN emg_statistics.good_contractions_intensity IS 'Of those judged: strong enough; null where intensity is not known.';
COMMENT ON COLUMN emg_statistics.good_contractions_duration IS 'Of those judged: held long enough.';
COMMENT ON COLUMN emg_statistics.good_contractions_both IS 'Of those judged: both; null where intensity is not known.';
COMMENT ON COLUMN emg_statistics.completion_rate IS '0 to 1 of the target.';
COMMENT ON COLUMN emg_statistics.intensity_rate IS '0 to 1 of those judged.';
COMMENT ON COLUMN emg_statistics.duration_rate IS '0 to 1 of those judged.';
COMMENT ON COLUMN emg_statistics.muscle_compliance_score IS '0 to 1 before the pressure gate.';
COMMENT ON COLUMN emg_statistics.left_out IS '{part of compliance: why it does not count}.';
COMMENT ON COLUMN emg_statistics.compliance_reason IS 'Why there is no compliance; null where there is.';
COMMENT ON COLUMN emg_statistics.mvc_threshold_percentage IS 'Share of the reference that was asked for, 0 to 1.';
COMMENT ON COLUMN emg_statistics.duration_threshold_seconds IS 'Hold that was asked for, s.';
COMMENT ON COLUMN emg_statistics.rms IS 'Root mean square over the contractions, V: the clinical value.';
COMMENT ON COLUMN emg_statistics.mav IS 'Mean absolute value over the contractions, V.';
COMMENT ON COLUMN emg_statistics.iemg IS 'Sum of |x| / rate over the contractions, V s.';
COMMENT ON COLUMN emg_statistics.mpf IS 'Mean power frequency of the contractions, Hz.';
COMMENT ON COLUMN emg_statistics.mdf IS 'Median power frequency of the contractions, Hz.';
COMMENT ON COLUMN emg_statistics.fi_nsm5 IS 'Dimitrov''s index of the contractions, s^6; near 1e-13, never rounded.';
COMMENT ON COLUMN emg_statistics.spectral_resolution IS '1 / longest segment of that spectrum, Hz.';
COMMENT ON COLUMN emg_statistics.whole_rms IS 'RMS of the whole unmasked recording, V.';
COMMENT ON COLUMN emg_statistics.whole_mav IS 'MAV of the whole unmasked recording, V.';
COMMENT ON COLUMN emg_statistics.whole_iemg IS 'Sum of |x| / rate of the whole unmasked recording, V s.';
COMMENT ON COLUMN emg_statistics.whole_mpf IS 'Mean power frequency of the whole unmasked recording, Hz.';
COMMENT ON COLUMN emg_statistics.whole_mdf IS 'Median power frequency of the whole unmasked recording, Hz.';
COMMENT ON COLUMN emg_statistics.whole_fi_nsm5 IS 'Dimitrov''s index of the whole unmasked recording, s^6.';
COMMENT ON COLUMN emg_statistics.whole_spectral_resolution IS '1 / longest segment of that spectrum, Hz.';
COMMENT ON COLUMN emg_statistics.temporal_window_s IS 'Length of the windows of the columns below, s; null under two windows.';
COMMENT ON COLUMN emg_statistics.temporal_windows IS 'How many lay wholly inside contractions.';
COMMENT ON COLUMN emg_statistics.rms_mean IS 'Over the windows, V.';
COMMENT ON COLUMN emg_statistics.rms_sd IS 'Over the windows, V; ddof 1.';
COMMENT ON COLUMN emg_statistics.rms_min IS 'Over the windows, V.';
COMMENT ON COLUMN emg_statistics.rms_max IS 'Over the windows, V.';
COMMENT ON COLUMN emg_statistics.rms_cv IS 'sd / mean.';
COMMENT ON COLUMN emg_statistics.mav_mean IS 'Over the windows, V.';
COMMENT ON COLUMN emg_statistics.mav_sd IS 'Over the windows, V; ddof 1.';
COMMENT ON COLUMN emg_statistics.mav_min IS 'Over the windows, V.';
COMMENT ON COLUMN emg_statistics.mav_max IS 'Over the windows, V.';
COMMENT ON COLUMN emg_statistics.mav_cv IS 'sd / mean.';
COMMENT ON COLUMN emg_statistics.mpf_mean IS 'Over the windows, Hz.';
COMMENT ON COLUMN emg_statistics.mpf_sd IS 'Over the windows, Hz; ddof 1.';
COMMENT ON COLUMN emg_statistics.mpf_min IS 'Over the windows, Hz.';
COMMENT ON COLUMN emg_statistics.mpf_max IS 'Over the windows, Hz.';
COMMENT ON COLUMN emg_statistics.mpf_cv IS 'sd / mean.';
COMMENT ON COLUMN emg_statistics.mdf_mean IS 'Over the windows, Hz.';
COMMENT ON COLUMN emg_statistics.mdf_sd IS 'Over the windows, Hz; ddof 1.';
COMMENT ON COLUMN emg_statistics.mdf_min IS 'Over the windows, Hz.';
COMMENT ON COLUMN emg_statistics.mdf_max IS 'Over the windows, Hz.';
COMMENT ON COLUMN emg_statistics.mdf_cv IS 'sd / mean.';
COMMENT ON COLUMN emg_statistics.fi_nsm5_mean IS 'Over the windows, s^6.';
COMMENT ON COLUMN emg_statistics.fi_nsm5_sd IS 'Over the windows, s^6; ddof 1.';
COMMENT ON COLUMN emg_statistics.fi_nsm5_min IS 'Over the windows, s^6.';
COMMENT ON COLUMN emg_statistics.fi_nsm5_max IS 'Over the windows, s^6.';
COMMENT ON COLUMN emg_statistics.fi_nsm5_cv IS 'sd / mean.';
COMMENT ON COLUMN emg_statistics.game_contractions IS 'Contractions that the game''s own detector saw; null without its channel.';
COMMENT ON COLUMN emg_statistics.game_matched IS 'Of those: found by us too.';
COMMENT ON COLUMN emg_statistics.game_missed IS 'Of those: not found by us.';
COMMENT ON COLUMN emg_statistics.game_extra IS 'Found by us alone.';
COMMENT ON COLUMN emg_statistics.game_on_artefact IS 'Of the missed: more than half of it was an artefact.';
COMMENT ON COLUMN emg_statistics.signal_quality_score IS '0 to 1, product of the parts.';
COMMENT ON COLUMN emg_statistics.quality_verdict IS 'good, usable or poor.';
COMMENT ON COLUMN emg_statistics.quality_reasons IS 'Sentences; none where all is well.';
COMMENT ON COLUMN emg_statistics.masked_share IS '0 to 1 of the samples could not be used.';
COMMENT ON COLUMN emg_statistics.dropouts IS 'Blocks in which the sensor sent nothing.';
COMMENT ON COLUMN emg_statistics.saturated_share IS '0 to 1 of the samples lie at the sensor''s limit.';
COMMENT ON COLUMN emg_statistics.repeats IS 'Blocks that repeat the one before exactly.';
COMMENT ON COLUMN emg_statistics.spikes IS 'Single spikes.';
COMMENT ON COLUMN emg_statistics.artifacts_detected IS 'Drop-outs, repeats and spikes.';
COMMENT ON COLUMN emg_statistics.snr_db IS 'Contractions over rest, dB.';
COMMENT ON COLUMN emg_statistics.noise_level IS 'Noise of rest, V RMS.';
COMMENT ON COLUMN emg_statistics.noise_level_db IS 'The same, dB re 1 uV.';
COMMENT ON COLUMN emg_statistics.powerline_share IS '0 to 1 of the power is mains hum.';
COMMENT ON COLUMN emg_statistics.powerline_hz IS 'Where the hum stands out, Hz.';
COMMENT ON COLUMN emg_statistics.motion_share IS '0 to 1 of the power lies at 1 to 20 Hz.';
COMMENT ON COLUMN emg_statistics.processing_confidence IS '0 to 1; null: no rule for it yet.';
COMMENT ON COLUMN emg_statistics.processing_pipeline IS 'The steps that really ran.';
COMMENT ON COLUMN emg_statistics.processing_version IS 'Version of the program.';
COMMENT ON COLUMN emg_statistics.processing_time_ms IS 'Of the measurement of the whole session, ms; null where it was taken over from equal bytes.';
COMMENT ON COLUMN emg_statistics.method IS 'Version of the method: numbers of two methods are not compared.';
COMMENT ON COLUMN emg_statistics.protocol_digest IS 'The parameters it was measured with.';
COMMENT ON COLUMN emg_statistics.file_hash IS 'SHA-256 of the file it was measured in, in hex.';
COMMENT ON COLUMN emg_statistics.processed_at IS 'When it was measured.';

CREATE TABLE contraction_edits (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    session_id     uuid NOT NULL REFERENCES therapy_sessions ON DELETE CASCADE,
    channel        text NOT NULL,
    action         text NOT NULL CHECK (action IN ('add', 'remove', 'move')),
    before_start_s double precision,
    before_end_s   double precision,
    after_start_s  double precision,
    after_end_s    double precision,
    author         uuid NOT NULL REFERENCES people,
    reason         text,
    at             timestamptz NOT NULL DEFAULT now(),
    CHECK ((action = 'add') = (before_start_s IS NULL) AND (before_start_s IS NULL) = (before_end_s IS NULL)),
    CHECK ((action = 'remove') = (after_start_s IS NULL) AND (after_start_s IS NULL) = (after_end_s IS NULL)),
    CHECK (before_start_s < before_end_s),
    CHECK (after_start_s < after_end_s)
);
CREATE INDEX contraction_edits_session ON contraction_edits (session_id, at);
COMMENT ON TABLE  contraction_edits IS 'What a clinician corrected, append only. Applied after every detection; replacing results never touches it.';
COMMENT ON COLUMN contraction_edits.id IS 'The key.';
COMMENT ON COLUMN contraction_edits.session_id IS 'The session.';
COMMENT ON COLUMN contraction_edits.channel IS 'Label of the channel.';
COMMENT ON COLUMN contraction_edits.action IS 'add, remove or move.';
COMMENT ON COLUMN contraction_edits.before_start_s IS 'Start before the edit, s; null for add.';
COMMENT ON COLUMN contraction_edits.before_end_s IS 'End before the edit, s; null for add.';
COMMENT ON COLUMN contraction_edits.after_start_s IS 'Start after the edit, s; null for remove.';
COMMENT ON COLUMN contraction_edits.after_end_s IS 'End after the edit, s; null for remove.';
COMMENT ON COLUMN contraction_edits.author IS 'Who edited.';
COMMENT ON COLUMN contraction_edits.reason IS 'Why, in their words. Not for researchers.';
COMMENT ON COLUMN contraction_edits.at IS 'When.';

CREATE TABLE contractions (
    session_id           uuid NOT NULL,
    channel              text NOT NULL,
    number               integer NOT NULL CHECK (number > 0),
    start_s              double precision NOT NULL CHECK (start_s >= 0),
    end_s                double precision NOT NULL,
    peak                 double precision NOT NULL,
    mean                 double precision NOT NULL,
    strength             double precision NOT NULL,
    activated_strength   double precision,
    time_to_peak_s       double precision NOT NULL,
    rms                  double precision,
    mav                  double precision,
    iemg                 double precision,
    mpf                  double precision,
    mdf                  double precision,
    fi_nsm5              double precision,
    resolution           double precision,
    masked_share         double precision NOT NULL CHECK (masked_share BETWEEN 0 AND 1),
    cut                  boolean NOT NULL,
    source               text NOT NULL CHECK (source IN ('envelope', 'activated')),
    edit_id              uuid REFERENCES contraction_edits,
    meets_intensity      boolean,
    meets_duration       boolean,
    is_good              boolean,
    prescribed_intensity boolean,
    prescribed_duration  boolean,
    short                boolean,
    PRIMARY KEY (session_id, channel, number),
    FOREIGN KEY (session_id, channel) REFERENCES emg_statistics (session_id, channel_name) ON DELETE CASCADE,
    CHECK (start_s < end_s)
);
CREATE INDEX contractions_edit ON contractions (edit_id) WHERE edit_id IS NOT NULL;
COMMENT ON TABLE  contractions IS 'One row per contraction.';
COMMENT ON COLUMN contractions.session_id IS 'The session.';
COMMENT ON COLUMN contractions.channel IS 'Label of the channel.';
COMMENT ON COLUMN contractions.number IS '1, 2, ... in time order within the channel.';
COMMENT ON COLUMN contractions.start_s IS 'From the start of the recording, s.';
COMMENT ON COLUMN contractions.end_s IS 'From the start of the recording, s.';
COMMENT ON COLUMN contractions.peak IS 'Of the envelope, V.';
COMMENT ON COLUMN contractions.mean IS 'Of the envelope, V.';
COMMENT ON COLUMN contractions.strength IS 'Largest moving mean of the envelope over min(500 ms, the contraction), V: what intensity is judged by.';
COMMENT ON COLUMN contractions.activated_strength IS 'The same of the game''s activated channel, V of that domain.';
COMMENT ON COLUMN contractions.time_to_peak_s IS 'From the start to the peak, s.';
COMMENT ON COLUMN contractions.rms IS 'Root mean square, V.';
COMMENT ON COLUMN contractions.mav IS 'Mean absolute value, V.';
COMMENT ON COLUMN contractions.iemg IS 'Sum of |x| / rate, V s.';
COMMENT ON COLUMN contractions.mpf IS 'Mean power frequency, Hz.';
COMMENT ON COLUMN contractions.mdf IS 'Median power frequency, Hz.';
COMMENT ON COLUMN contractions.fi_nsm5 IS 'Dimitrov''s index, s^6.';
COMMENT ON COLUMN contractions.resolution IS '1 / segment of its spectrum, Hz.';
COMMENT ON COLUMN contractions.masked_share IS '0 to 1 of its time could not be used; above 0.1 it is not judged.';
COMMENT ON COLUMN contractions.cut IS 'It touches the first or the last sample.';
COMMENT ON COLUMN contractions.source IS 'Whose edges it has: envelope, or activated for the game''s own detector.';
COMMENT ON COLUMN contractions.edit_id IS 'The edit it comes from; null for a detected one.';
COMMENT ON COLUMN contractions.meets_intensity IS 'Strong enough by the fixed criterion; null: not judged.';
COMMENT ON COLUMN contractions.meets_duration IS 'Held long enough by the fixed criterion; null: not judged.';
COMMENT ON COLUMN contractions.is_good IS 'Both; null where intensity is null.';
COMMENT ON COLUMN contractions.prescribed_intensity IS 'Met what the level prescribes; null: nothing is prescribed.';
COMMENT ON COLUMN contractions.prescribed_duration IS 'Met what the level prescribes; null: nothing is prescribed.';
COMMENT ON COLUMN contractions.short IS 'Under 0.5 s: the same effort reads lower in a short burst.';

CREATE TABLE performance_scores (
    session_id                   uuid PRIMARY KEY REFERENCES therapy_sessions ON DELETE CASCADE,
    overall_performance_score    double precision CHECK (overall_performance_score BETWEEN 0 AND 100),
    compliance_score             double precision CHECK (compliance_score BETWEEN 0 AND 100),
    symmetry_score               double precision CHECK (symmetry_score BETWEEN 0 AND 100),
    effort_score                 double precision CHECK (effort_score BETWEEN 0 AND 100),
    game_score                   double precision CHECK (game_score BETWEEN 0 AND 100),
    category                     text,
    symmetry_category            text,
    performance_weights          jsonb NOT NULL,
    configuration_id             text NOT NULL,
    configuration_version        integer NOT NULL,
    missing                      text[] NOT NULL CHECK (cardinality(missing) <= 200),
    missing_reasons              jsonb NOT NULL,
    one_side_only                text CHECK (one_side_only IN ('left', 'right')),
    targets                      text NOT NULL CHECK (targets IN ('fixed', 'prescribed')),
    pressure_verified            boolean NOT NULL,
    bfr_pressure_aop             double precision,
    bfr_compliance_gate          integer CHECK (bfr_compliance_gate IN (0, 1)),
    rpe_post_session             double precision CHECK (rpe_post_session BETWEEN 0 AND 10),
    game_points_achieved         double precision,
    game_points_maximum          double precision CHECK (game_points_maximum > 0),
    session_duration_minutes     double precision CHECK (session_duration_minutes >= 0),
    left_muscle_completion_rate  double precision CHECK (left_muscle_completion_rate BETWEEN 0 AND 1),
    left_muscle_intensity_rate   double precision CHECK (left_muscle_intensity_rate BETWEEN 0 AND 1),
    left_muscle_duration_rate    double precision CHECK (left_muscle_duration_rate BETWEEN 0 AND 1),
    right_muscle_completion_rate double precision CHECK (right_muscle_completion_rate BETWEEN 0 AND 1),
    right_muscle_intensity_rate  double precision CHECK (right_muscle_intensity_rate BETWEEN 0 AND 1),
    right_muscle_duration_rate   double precision CHECK (right_muscle_duration_rate BETWEEN 0 AND 1),
    input_sources                jsonb NOT NULL,
    method                       text NOT NULL,
    protocol_digest              text NOT NULL REFERENCES processing_parameters (digest),
    calculated_at                timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (configuration_id, configuration_version) REFERENCES scoring_configuration (id, version)
);
COMMENT ON TABLE  performance_scores IS 'What a session is worth against its targets. One row per session; scores 0 to 100.';
COMMENT ON COLUMN performance_scores.session_id IS 'The session.';
COMMENT ON COLUMN performance_scores.overall_performance_score IS '0 to 100, weighted over the components present.';
COMMENT ON COLUMN performance_scores.compliance_score IS '0 to 100, with the pressure gate.';
COMMENT ON COLUMN performance_scores.symmetry_score IS '0 to 100.';
COMMENT ON COLUMN performance_scores.effort_score IS '0 to 100, from perceived exertion.';
COMMENT ON COLUMN performance_scores.game_score IS '0 to 100, points of the maximum.';
COMMENT ON COLUMN performance_scores.category IS 'Name of the overall score''s range; null with pressure out of range.';
COMMENT ON COLUMN performance_scores.symmetry_category IS 'Name of the symmetry''s range.';
COMMENT ON COLUMN performance_scores.performance_weights IS 'Weights really used, over the components present; sum 1.';
COMMENT ON COLUMN performance_scores.configuration_id IS 'Configuration it was scored with.';
COMMENT ON COLUMN performance_scores.configuration_version IS 'Its version.';
COMMENT ON COLUMN performance_scores.missing IS 'Components that have no value.';
COMMENT ON COLUMN performance_scores.missing_reasons IS '{component: why it has no value}.';
COMMENT ON COLUMN performance_scores.one_side_only IS 'The side that compliance rests on where there is but one.';
COMMENT ON COLUMN performance_scores.targets IS 'Whose criteria scored: fixed or prescribed.';
COMMENT ON COLUMN performance_scores.pressure_verified IS 'Every cuff was measured, or none was worn.';
COMMENT ON COLUMN performance_scores.bfr_pressure_aop IS 'Measured, per cent of arterial occlusion pressure; null: not measured.';
COMMENT ON COLUMN performance_scores.bfr_compliance_gate IS '1 in range or off, 0 out of range, null not measured.';
COMMENT ON COLUMN performance_scores.rpe_post_session IS 'Perceived exertion that was scored, 0 to 10.';
COMMENT ON COLUMN performance_scores.game_points_achieved IS 'Points.';
COMMENT ON COLUMN performance_scores.game_points_maximum IS 'Points; null: not known.';
COMMENT ON COLUMN performance_scores.session_duration_minutes IS 'Of the recording, min.';
COMMENT ON COLUMN performance_scores.left_muscle_completion_rate IS '0 to 1.';
COMMENT ON COLUMN performance_scores.left_muscle_intensity_rate IS '0 to 1.';
COMMENT ON COLUMN performance_scores.left_muscle_duration_rate IS '0 to 1.';
COMMENT ON COLUMN performance_scores.right_muscle_completion_rate IS '0 to 1.';
COMMENT ON COLUMN performance_scores.right_muscle_intensity_rate IS '0 to 1.';
COMMENT ON COLUMN performance_scores.right_muscle_duration_rate IS '0 to 1.';
COMMENT ON COLUMN performance_scores.input_sources IS 'Where each input came from: {"rpe": "file", "sides": "patient", "target": "default"}.';
COMMENT ON COLUMN performance_scores.method IS 'Version of the method.';
COMMENT ON COLUMN performance_scores.protocol_digest IS 'The parameters it was measured with.';
COMMENT ON COLUMN performance_scores.calculated_at IS 'When it was scored.';

CREATE TABLE upload_events (
    id          bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    source      text NOT NULL CHECK (source <> ''),
    delivery_id text NOT NULL CHECK (delivery_id <> ''),
    body_digest text,
    received_at timestamptz NOT NULL DEFAULT now(),
    outcome     text NOT NULL CHECK (outcome IN ('created', 'duplicate')),
    session_id  uuid REFERENCES therapy_sessions ON DELETE SET NULL,
    UNIQUE (source, delivery_id)
);
CREATE INDEX upload_events_session ON upload_events (session_id);
COMMENT ON TABLE  upload_events IS 'Every announcement of an upload, once.';
COMMENT ON COLUMN upload_events.id IS 'In the order of arrival.';
COMMENT ON COLUMN upload_events.source IS 'Who announced it: page, simulate, sweep, or a webhook source''s name.';
COMMENT ON COLUMN upload_events.delivery_id IS 'The source''s own number for this announcement.';
COMMENT ON COLUMN upload_events.body_digest IS 'SHA-256 of the body, in hex.';
COMMENT ON COLUMN upload_events.received_at IS 'When it arrived.';
COMMENT ON COLUMN upload_events.outcome IS 'created: it made a session; duplicate: the object had one.';
COMMENT ON COLUMN upload_events.session_id IS 'That session.';

INSERT INTO scoring_configuration (id, version, name, weights, component_weights, rpe_mapping, scope)
VALUES ('default', 1, 'Default',
        '{"compliance": 0.40, "symmetry": 0.25, "effort": 0.20, "game": 0.15}',
        '{"completion": 0.3333333333333333, "intensity": 0.3333333333333333, "duration": 0.3333333333333333}',
        '{"0": 20, "1": 20, "2": 60, "3": 80, "4": 100, "5": 100, "6": 100, "7": 80, "8": 60, "9": 20, "10": 20}',
        'site'),
       ('ghostly-trial', 1, 'GHOSTLY+ trial',
        '{"compliance": 0.50, "symmetry": 0.25, "effort": 0.25, "game": 0.0}',
        '{"completion": 0.3333333333333333, "intensity": 0.3333333333333333, "duration": 0.3333333333333333}',
        '{"0": 20, "1": 20, "2": 60, "3": 80, "4": 100, "5": 100, "6": 100, "7": 80, "8": 60, "9": 20, "10": 20}',
        'session');
