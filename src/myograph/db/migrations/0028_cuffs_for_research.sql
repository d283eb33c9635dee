-- What people write of cuffs and devices is free text: researchers see what was measured.

REVOKE SELECT (cuff_size, cuff_position, monitoring_device) ON bfr_monitoring FROM myograph_researcher;

COMMENT ON COLUMN bfr_monitoring.cuff_size IS 'As printed on it. Not for researchers.';
COMMENT ON COLUMN bfr_monitoring.cuff_position IS 'On the leg: proximal thigh. Not for researchers.';
COMMENT ON COLUMN bfr_monitoring.monitoring_device IS 'What measured. Not for researchers.';
