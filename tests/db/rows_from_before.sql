-- A session as it was stored before names were hidden from researchers: Zaphod is what was typed.
INSERT INTO people (id, name, role) VALUES ('00000000-0000-4000-8000-000000000001', 'Thea', 'therapist');
INSERT INTO patients (patient_code, channel_assignment)
VALUES ('P001', '{"CH1": {"muscle": "Zaphod''s calf", "side": "left"}}');
INSERT INTO therapy_sessions (id, file_path, storage_bucket, storage_version, analytics_cache)
VALUES ('00000000-0000-4000-8000-000000000001', 'x', 'x', 'x',
        '{"overall": 1, "muscles": [{"label": "Zaphod", "muscle": "Zaphod", "good": 2}]}');
INSERT INTO session_settings (session_id, channel_assignment, entered)
VALUES ('00000000-0000-4000-8000-000000000001', '{"CH1": {"muscle": "Zaphod''s calf", "side": "left"}}',
        '{targets,Zaphod}');
INSERT INTO processing_parameters (digest, method, protocol) VALUES (repeat('a', 64), '1', '{}');
INSERT INTO c3d_technical_data (session_id, channel_names, emg_labels)
VALUES ('00000000-0000-4000-8000-000000000001', '{CH1 Raw,Zaphod}', '{CH1,Zaphod}');
INSERT INTO emg_statistics (session_id, channel_name, channel_number, muscle, total_contractions,
    left_out, compliance_reason, signal_quality_score, quality_verdict, quality_reasons,
    masked_share, dropouts, saturated_share, repeats, spikes, artifacts_detected,
    processing_pipeline, processing_version, method, protocol_digest, file_hash)
VALUES ('00000000-0000-4000-8000-000000000001', 'Zaphod', 2, 'Zaphod', 1, '{}', 'the signal of Zaphod is poor', 1, 'poor',
    '{Zaphod is loud.}', 0, 0, 0, 0, 0, 0, 'x', 'x', '1', repeat('a', 64), 'x');
INSERT INTO contraction_edits (id, session_id, channel, action, after_start_s, after_end_s, author)
VALUES ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000001', 'Zaphod', 'add', 1, 2, '00000000-0000-4000-8000-000000000001');
INSERT INTO contraction_edit_outcomes (edit_id, session_id, problem, sentence)
VALUES ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000001', 'outside', 'Not within Zaphod.');
INSERT INTO contractions (session_id, channel, number, start_s, end_s, peak, mean, strength,
    time_to_peak_s, masked_share, cut, source)
VALUES ('00000000-0000-4000-8000-000000000001', 'Zaphod', 1, 1, 2, 1, 1, 1, 1, 0, false, 'envelope');
INSERT INTO performance_scores (session_id, performance_weights, configuration_id,
    configuration_version, missing, missing_reasons, targets, pressure_verified, input_sources,
    method, protocol_digest)
VALUES ('00000000-0000-4000-8000-000000000001', '{}', 'default', 1, '{compliance}',
    '{"compliance": "the signal of Zaphod is poor"}', 'fixed', false, '{}', '1',
    repeat('a', 64));
