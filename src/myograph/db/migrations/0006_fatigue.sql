-- The trend of fatigue within a recording, beside the other numbers of its channel.

ALTER TABLE emg_statistics
    ADD COLUMN fatigue_contractions integer CHECK (fatigue_contractions > 0),
    ADD COLUMN fatigue_level double precision CHECK (fatigue_level > 0 AND fatigue_level < 1),
    ADD COLUMN mdf_falls boolean,
    ADD COLUMN fatigue_quadrant text
        CHECK (fatigue_quadrant IN ('fatigue', 'less_force', 'more_force', 'recovery')),
    ADD COLUMN fatigue_sentence text,
    ADD COLUMN fatigue_reason text,
    ADD COLUMN fatigue_mdf_slope_per_min double precision,
    ADD COLUMN fatigue_mdf_intercept double precision,
    ADD COLUMN fatigue_mdf_slope_per_min_percent double precision,
    ADD COLUMN fatigue_mdf_low_per_min_percent double precision,
    ADD COLUMN fatigue_mdf_high_per_min_percent double precision,
    ADD COLUMN fatigue_mdf_r2 double precision CHECK (fatigue_mdf_r2 BETWEEN 0 AND 1),
    ADD COLUMN fatigue_mdf_p double precision CHECK (fatigue_mdf_p BETWEEN 0 AND 1),
    ADD COLUMN fatigue_mdf_robust_slope_per_min double precision,
    ADD COLUMN fatigue_mdf_robust_slope_per_min_percent double precision,
    ADD COLUMN fatigue_mpf_slope_per_min double precision,
    ADD COLUMN fatigue_mpf_intercept double precision,
    ADD COLUMN fatigue_mpf_slope_per_min_percent double precision,
    ADD COLUMN fatigue_mpf_low_per_min_percent double precision,
    ADD COLUMN fatigue_mpf_high_per_min_percent double precision,
    ADD COLUMN fatigue_mpf_r2 double precision CHECK (fatigue_mpf_r2 BETWEEN 0 AND 1),
    ADD COLUMN fatigue_mpf_p double precision CHECK (fatigue_mpf_p BETWEEN 0 AND 1),
    ADD COLUMN fatigue_mpf_robust_slope_per_min double precision,
    ADD COLUMN fatigue_mpf_robust_slope_per_min_percent double precision,
    ADD COLUMN fatigue_rms_slope_per_min double precision,
    ADD COLUMN fatigue_rms_intercept double precision,
    ADD COLUMN fatigue_rms_slope_per_min_percent double precision,
    ADD COLUMN fatigue_rms_low_per_min_percent double precision,
    ADD COLUMN fatigue_rms_high_per_min_percent double precision,
    ADD COLUMN fatigue_rms_r2 double precision CHECK (fatigue_rms_r2 BETWEEN 0 AND 1),
    ADD COLUMN fatigue_rms_p double precision CHECK (fatigue_rms_p BETWEEN 0 AND 1),
    ADD COLUMN fatigue_rms_robust_slope_per_min double precision,
    ADD COLUMN fatigue_rms_robust_slope_per_min_percent double precision,
    ADD COLUMN fatigue_fi_nsm5_slope_per_min double precision,
    ADD COLUMN fatigue_fi_nsm5_intercept double precision,
    ADD COLUMN fatigue_fi_nsm5_slope_per_min_percent double precision,
    ADD COLUMN fatigue_fi_nsm5_low_per_min_percent double precision,
    ADD COLUMN fatigue_fi_nsm5_high_per_min_percent double precision,
    ADD COLUMN fatigue_fi_nsm5_r2 double precision CHECK (fatigue_fi_nsm5_r2 BETWEEN 0 AND 1),
    ADD COLUMN fatigue_fi_nsm5_p double precision CHECK (fatigue_fi_nsm5_p BETWEEN 0 AND 1),
    ADD COLUMN fatigue_fi_nsm5_robust_slope_per_min double precision,
    ADD COLUMN fatigue_fi_nsm5_robust_slope_per_min_percent double precision;
COMMENT ON COLUMN emg_statistics.fatigue_contractions IS 'Contractions that the lines of fatigue go through; null where there were too few.';
COMMENT ON COLUMN emg_statistics.fatigue_level IS 'MDF falls where p lies below it: 0.05 shared among the muscles tested.';
COMMENT ON COLUMN emg_statistics.mdf_falls IS 'The verdict; the other lines carry none.';
COMMENT ON COLUMN emg_statistics.fatigue_quadrant IS 'By the signs of the slopes of MDF and RMS: fatigue, less_force, more_force or recovery.';
COMMENT ON COLUMN emg_statistics.fatigue_sentence IS 'The verdict in words, with its interval.';
COMMENT ON COLUMN emg_statistics.fatigue_reason IS 'Why fatigue was not measured; null where it was, and in results from before it was looked for.';
COMMENT ON COLUMN emg_statistics.fatigue_mdf_slope_per_min IS 'Change of MDF with time, Hz/min.';
COMMENT ON COLUMN emg_statistics.fatigue_mdf_intercept IS 'The line at the first contraction used, Hz.';
COMMENT ON COLUMN emg_statistics.fatigue_mdf_slope_per_min_percent IS 'The slope in per cent of that intercept; null where it is not above 0.';
COMMENT ON COLUMN emg_statistics.fatigue_mdf_low_per_min_percent IS 'Low end of its 95 % interval.';
COMMENT ON COLUMN emg_statistics.fatigue_mdf_high_per_min_percent IS 'High end of its 95 % interval.';
COMMENT ON COLUMN emg_statistics.fatigue_mdf_r2 IS '0 to 1 of the variance that the line explains.';
COMMENT ON COLUMN emg_statistics.fatigue_mdf_p IS '0 to 1, of no change.';
COMMENT ON COLUMN emg_statistics.fatigue_mdf_robust_slope_per_min IS 'The slope by Theil and Sen, Hz/min.';
COMMENT ON COLUMN emg_statistics.fatigue_mdf_robust_slope_per_min_percent IS 'The same in per cent of its own intercept.';
COMMENT ON COLUMN emg_statistics.fatigue_mpf_slope_per_min IS 'Change of MPF with time, Hz/min.';
COMMENT ON COLUMN emg_statistics.fatigue_mpf_intercept IS 'The line at the first contraction used, Hz.';
COMMENT ON COLUMN emg_statistics.fatigue_mpf_slope_per_min_percent IS 'The slope in per cent of that intercept; null where it is not above 0.';
COMMENT ON COLUMN emg_statistics.fatigue_mpf_low_per_min_percent IS 'Low end of its 95 % interval.';
COMMENT ON COLUMN emg_statistics.fatigue_mpf_high_per_min_percent IS 'High end of its 95 % interval.';
COMMENT ON COLUMN emg_statistics.fatigue_mpf_r2 IS '0 to 1 of the variance that the line explains.';
COMMENT ON COLUMN emg_statistics.fatigue_mpf_p IS '0 to 1, of no change.';
COMMENT ON COLUMN emg_statistics.fatigue_mpf_robust_slope_per_min IS 'The slope by Theil and Sen, Hz/min.';
COMMENT ON COLUMN emg_statistics.fatigue_mpf_robust_slope_per_min_percent IS 'The same in per cent of its own intercept.';
COMMENT ON COLUMN emg_statistics.fatigue_rms_slope_per_min IS 'Change of RMS with time, V/min.';
COMMENT ON COLUMN emg_statistics.fatigue_rms_intercept IS 'The line at the first contraction used, V.';
COMMENT ON COLUMN emg_statistics.fatigue_rms_slope_per_min_percent IS 'The slope in per cent of that intercept; null where it is not above 0.';
COMMENT ON COLUMN emg_statistics.fatigue_rms_low_per_min_percent IS 'Low end of its 95 % interval.';
COMMENT ON COLUMN emg_statistics.fatigue_rms_high_per_min_percent IS 'High end of its 95 % interval.';
COMMENT ON COLUMN emg_statistics.fatigue_rms_r2 IS '0 to 1 of the variance that the line explains.';
COMMENT ON COLUMN emg_statistics.fatigue_rms_p IS '0 to 1, of no change.';
COMMENT ON COLUMN emg_statistics.fatigue_rms_robust_slope_per_min IS 'The slope by Theil and Sen, V/min.';
COMMENT ON COLUMN emg_statistics.fatigue_rms_robust_slope_per_min_percent IS 'The same in per cent of its own intercept.';
COMMENT ON COLUMN emg_statistics.fatigue_fi_nsm5_slope_per_min IS 'Change of FInsm5 with time, s^6/min.';
COMMENT ON COLUMN emg_statistics.fatigue_fi_nsm5_intercept IS 'The line at the first contraction used, s^6.';
COMMENT ON COLUMN emg_statistics.fatigue_fi_nsm5_slope_per_min_percent IS 'The slope in per cent of that intercept; null where it is not above 0.';
COMMENT ON COLUMN emg_statistics.fatigue_fi_nsm5_low_per_min_percent IS 'Low end of its 95 % interval.';
COMMENT ON COLUMN emg_statistics.fatigue_fi_nsm5_high_per_min_percent IS 'High end of its 95 % interval.';
COMMENT ON COLUMN emg_statistics.fatigue_fi_nsm5_r2 IS '0 to 1 of the variance that the line explains.';
COMMENT ON COLUMN emg_statistics.fatigue_fi_nsm5_p IS '0 to 1, of no change.';
COMMENT ON COLUMN emg_statistics.fatigue_fi_nsm5_robust_slope_per_min IS 'The slope by Theil and Sen, s^6/min.';
COMMENT ON COLUMN emg_statistics.fatigue_fi_nsm5_robust_slope_per_min_percent IS 'The same in per cent of its own intercept.';
