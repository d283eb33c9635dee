"""The rights of every role on every table, column by column: what the catalogs must say.

A table, view or function that has no line here fails the tests. "all" is every column, "all but"
every one but those that follow.
"""

TABLES = (
    "api_tokens",
    "audit_gaps",
    "audit_log",
    "audit_seals",
    "bfr_monitoring",
    "clinical_note_versions",
    "clinical_notes",
    "c3d_technical_data",
    "contraction_edit_outcomes",
    "contraction_edit_revocations",
    "contraction_edits",
    "contractions",
    "emg_statistics",
    "erasures",
    "event_targets",
    "export_history",
    "key_checks",
    "local_accounts",
    "migrations",
    "outgoing_events",
    "patient_medical",
    "patient_mvc",
    "patients",
    "people",
    "performance_scores",
    "processing_parameters",
    "researcher_profiles",
    "scoring_configuration",
    "session_settings",
    "sign_ins",
    "storage_outbox",
    "sweeps",
    "therapists",
    "therapy_sessions",
    "upload_events",
    "welcome_links",
)
VIEWS = (
    "research_configurations",
    "research_contractions",
    "research_mvc",
    "research_notes",
    "research_patients",
    "research_scores",
    "research_sessions",
    "research_settings",
    "research_statistics",
    "research_technical",
    "therapy_sessions_with_technical",
)

THERAPIST, RESEARCHER = "myograph_therapist", "myograph_researcher"
ADMIN, WORKER, ACCOUNTS = "myograph_admin", "myograph_worker", "myograph_accounts"
AUDIT, PRIVACY = "myograph_audit", "myograph_privacy"

_RESULTS = ("c3d_technical_data", "emg_statistics", "contractions", "performance_scores")

_SETTINGS = (
    "channel_assignment target_contractions_per_muscle mvc_threshold_percentage "
    "duration_threshold_seconds"
)
_CONFIGURATION = "scoring_configuration_id scoring_configuration_version"
_TREATMENT = "pseudonym research_consent treatment_start treatment_end"
_PATIENT = f"{_TREATMENT} {_SETTINGS}"
_MAXIMUM = "patient_code side value session_id entered_by reason valid_from"
_MEDICAL = (
    "birth_year sex height_cm weight_kg dominant_leg affected_leg diagnosis surgery_date "
    "medication contraindications remarks entered_by"
)

# What a researcher has no right on, since somebody typed it; and the views in which it is null or
# shown by a usual name, which serve exports of others, too.
_TYPED = {
    "c3d_technical_data": "channel_names emg_labels",
    "contraction_edit_outcomes": "sentence",
    "contractions": "channel",
    "emg_statistics": "channel_name muscle compliance_reason fatigue_reason quality_reasons",
    "performance_scores": "missing_reasons",
    "scoring_configuration": "name author reason",
}
_SHOWN = (
    "research_configurations",
    "research_contractions",
    "research_scores",
    "research_settings",
    "research_statistics",
    "research_technical",
)

_EXPORTED = (
    "session_id query export_type channels_exported data_format export_options processing_method "
    "data_source processing_time_ms exported_by identifiers reason session_count row_counts "
    "file_size_bytes export_hash export_status validation_checks error_code error_message"
)
_TOKEN = "id person_id name scopes created_at expires_at last_used_at revoked_at"

COLUMNS: dict[tuple[str, str, str], str] = {
    # therapist
    **{(THERAPIST, "SELECT", table): "all" for table in _RESULTS},
    (THERAPIST, "SELECT", "therapy_sessions"): "all but duplicate_of cache_hits",
    (THERAPIST, "SELECT", "therapy_sessions_with_technical"): "all",
    (THERAPIST, "SELECT", "session_settings"): "all",
    (THERAPIST, "SELECT", "contraction_edits"): "all",
    (THERAPIST, "SELECT", "contraction_edit_outcomes"): "all",
    (THERAPIST, "SELECT", "contraction_edit_revocations"): "all",
    (THERAPIST, "SELECT", "bfr_monitoring"): "all",
    (THERAPIST, "SELECT", "processing_parameters"): "all",
    (THERAPIST, "SELECT", "scoring_configuration"): "all",
    (THERAPIST, "SELECT", "patients"): "all",
    (THERAPIST, "UPDATE", "patients"): _SETTINGS,
    (THERAPIST, "SELECT", "patient_mvc"): "all",
    (THERAPIST, "SELECT", "clinical_notes"): "all",
    (THERAPIST, "INSERT", "clinical_notes"): "patient_code session_id author text shared",
    (THERAPIST, "UPDATE", "clinical_notes"): "text shared deleted_at",
    (THERAPIST, "SELECT", "clinical_note_versions"): "all",
    (THERAPIST, "INSERT", "patient_mvc"): _MAXIMUM,
    (THERAPIST, "SELECT", "patient_medical"): "all",
    (THERAPIST, "INSERT", "patient_medical"): f"patient_code {_MEDICAL}",
    (THERAPIST, "UPDATE", "patient_medical"): _MEDICAL,
    (THERAPIST, "SELECT", "therapists"): "all",
    (THERAPIST, "SELECT", "people"): "id name role active",
    (THERAPIST, "SELECT", "api_tokens"): _TOKEN,
    # researcher
    (RESEARCHER, "SELECT", "api_tokens"): _TOKEN,
    **{(RESEARCHER, "SELECT", table): f"all but {typed}" for table, typed in _TYPED.items()},
    **{(role, "SELECT", view): "all" for role in (THERAPIST, RESEARCHER, ADMIN) for view in _SHOWN},
    (RESEARCHER, "SELECT", "therapy_sessions"): (
        "id file_hash file_size_bytes pseudonym started_local session_date session_type "
        "protocol_day processing_version processing_status failure_kind failure_code "
        "processing_time_ms recovered object_gone_at superseded_by duplicate shown_cache "
        "attempt tries changed_xid created_at processed_at updated_at sorted_at"
    ),
    (RESEARCHER, "SELECT", "research_sessions"): "all",
    (RESEARCHER, "SELECT", "research_patients"): "all",
    (RESEARCHER, "SELECT", "patients"): (
        f"{_TREATMENT} shown_assignment target_contractions_per_muscle mvc_threshold_percentage "
        f"duration_threshold_seconds mvc_left_quad mvc_right_quad {_CONFIGURATION}"
    ),
    (RESEARCHER, "SELECT", "patient_mvc"): "id muscle side value session_id valid_from created_at",
    (RESEARCHER, "SELECT", "research_mvc"): "all",
    (RESEARCHER, "SELECT", "clinical_notes"): (
        "id session_id text shared version written_at created_at"
    ),
    (RESEARCHER, "SELECT", "research_notes"): "all",
    (RESEARCHER, "SELECT", "session_settings"): (
        "session_id mvc_calculation_method mvc_threshold_percentage mvc_user_left_quad "
        "mvc_user_right_quad performance_weights duration_threshold_seconds "
        "duration_threshold_left_quad duration_threshold_right_quad targets "
        "target_contractions_per_muscle rest_period_between_contractions_seconds "
        "rest_period_between_sets_seconds bfr_enabled bfr_target_pressure_aop "
        "game_difficulty_level visual_feedback_enabled audio_feedback_enabled "
        "real_time_mvc_display shown_assignment rpe_post_session shown_poor_channels "
        f"game_points_maximum entered own_session {_CONFIGURATION}"
    ),
    (RESEARCHER, "SELECT", "bfr_monitoring"): (
        "session_id leg target_pressure_aop actual_pressure_aop pressure_stability_coefficient "
        "safety_gate_status safety_violations_count safety_violations_duration_seconds "
        "max_pressure_deviation_aop patient_aop_baseline_mmhg patient_limb_circumference_cm "
        "device_calibration_date "
        "bfr_session_duration_minutes monitoring_frequency_hz measurement_method created_at "
        "updated_at"
    ),
    (RESEARCHER, "SELECT", "contraction_edit_revocations"): "edit_id session_id at",
    (RESEARCHER, "SELECT", "contraction_edits"): (
        "id session_id shown_channel action before_start_s before_end_s after_start_s after_end_s "
        "at"
    ),
    (RESEARCHER, "SELECT", "processing_parameters"): "all",
    (RESEARCHER, "SELECT", "researcher_profiles"): "all",
    (RESEARCHER, "SELECT", "people"): "id name role active",
    # admin
    (ADMIN, "SELECT", "api_tokens"): _TOKEN,
    (ADMIN, "SELECT", "local_accounts"): "person_id login",
    **{(ADMIN, "SELECT", table): "all" for table in _RESULTS},
    (ADMIN, "SELECT", "therapy_sessions"): "all",
    (ADMIN, "SELECT", "therapy_sessions_with_technical"): "all",
    (ADMIN, "SELECT", "session_settings"): "all",
    (ADMIN, "SELECT", "contraction_edits"): "all",
    (ADMIN, "SELECT", "contraction_edit_outcomes"): "all",
    (ADMIN, "SELECT", "contraction_edit_revocations"): "all",
    (ADMIN, "SELECT", "bfr_monitoring"): "all",
    (ADMIN, "SELECT", "event_targets"): "all",
    (ADMIN, "SELECT", "outgoing_events"): "all",
    (ADMIN, "SELECT", "processing_parameters"): "all",
    (ADMIN, "SELECT", "scoring_configuration"): "all",
    (ADMIN, "SELECT", "upload_events"): "all",
    (ADMIN, "SELECT", "storage_outbox"): "all",
    (ADMIN, "SELECT", "sweeps"): "all",
    (ADMIN, "SELECT", "patients"): "all",
    (ADMIN, "SELECT", "patient_mvc"): "all",
    (ADMIN, "SELECT", "clinical_notes"): "all",
    (ADMIN, "INSERT", "clinical_notes"): "patient_code session_id author text shared",
    (ADMIN, "UPDATE", "clinical_notes"): "text shared deleted_at",
    (ADMIN, "SELECT", "clinical_note_versions"): "all",
    (ADMIN, "INSERT", "patient_mvc"): _MAXIMUM,
    (ADMIN, "SELECT", "patient_medical"): "all",
    (ADMIN, "INSERT", "patient_medical"): f"patient_code {_MEDICAL}",
    (ADMIN, "UPDATE", "patient_medical"): _MEDICAL,
    (ADMIN, "SELECT", "people"): "all",
    (ADMIN, "SELECT", "therapists"): "all",
    (ADMIN, "SELECT", "researcher_profiles"): "all",
    (ADMIN, "INSERT", "people"): "id name role db_login active",
    (ADMIN, "UPDATE", "people"): "name role db_login active",
    (ADMIN, "INSERT", "therapists"): "id",
    (ADMIN, "INSERT", "researcher_profiles"): "id institution",
    (ADMIN, "UPDATE", "researcher_profiles"): "institution",
    (ADMIN, "INSERT", "patients"): f"patient_code therapist_id {_PATIENT}",
    (ADMIN, "UPDATE", "patients"): f"therapist_id {_PATIENT} {_CONFIGURATION}",
    (ADMIN, "INSERT", "scoring_configuration"): (
        "id version name weights component_weights rpe_mapping include_estimated_intensity "
        "targets scope active author reason"
    ),
    (ADMIN, "UPDATE", "scoring_configuration"): "active",
    # worker
    **{(WORKER, op, table): "all" for op in ("SELECT", "INSERT", "UPDATE") for table in _RESULTS},
    **{
        (WORKER, op, table): "all"
        for op in ("SELECT", "INSERT", "UPDATE")
        for table in (
            "therapy_sessions",
            "session_settings",
            "bfr_monitoring",
            "event_targets",
            "outgoing_events",
            "storage_outbox",
            "sweeps",
        )
    },
    **{
        (WORKER, op, table): "all"
        for op in ("SELECT", "INSERT")
        for table in (
            "contraction_edits",
            "contraction_edit_outcomes",
            "contraction_edit_revocations",
            "upload_events",
            "processing_parameters",
        )
    },
    (WORKER, "SELECT", "key_checks"): "all",
    (WORKER, "INSERT", "key_checks"): "purpose digest",
    (WORKER, "UPDATE", "key_checks"): "digest since",
    (WORKER, "UPDATE", "upload_events"): "deliveries outcome session_id event",
    (WORKER, "SELECT", "therapy_sessions_with_technical"): "all",
    (WORKER, "SELECT", "scoring_configuration"): "all",
    (WORKER, "SELECT", "therapists"): "all",
    (WORKER, "SELECT", "people"): "id role db_login active",
    (WORKER, "SELECT", "patients"): "all",
    (WORKER, "SELECT", "patient_mvc"): "all",
    (WORKER, "SELECT", "clinical_notes"): "all",
    (WORKER, "INSERT", "clinical_note_versions"): "all",
    (WORKER, "UPDATE", "patients"): (
        "pseudonym channel_assignment mvc_left_quad mvc_right_quad mvc_left_session_id "
        "mvc_right_session_id"
    ),
    # Everybody reads and adds their own exports; nobody changes or removes one.
    **{(role, "SELECT", "export_history"): "all" for role in (THERAPIST, RESEARCHER, ADMIN)},
    **{(role, "INSERT", "export_history"): _EXPORTED for role in (THERAPIST, RESEARCHER, ADMIN)},
    # Everybody reads their own actions; nobody writes but the functions of this owner.
    **{(role, "SELECT", "audit_log"): "all" for role in (THERAPIST, RESEARCHER, ADMIN)},
    **{
        (role, "SELECT", table): "all"
        for role in (WORKER, AUDIT)
        for table in ("audit_gaps", "audit_log", "audit_seals")
    },
    **{(AUDIT, "INSERT", table): "all" for table in ("audit_gaps", "audit_log", "audit_seals")},
    # the owner of what gives out or erases all of a patient: whatever hangs on one
    **{
        (PRIVACY, "SELECT", table): "all"
        for table in (
            *_RESULTS,
            *("audit_log", "bfr_monitoring", "clinical_note_versions", "clinical_notes"),
            *("contraction_edit_outcomes", "export_history"),
            *("contraction_edit_revocations", "contraction_edits", "erasures"),
            *("outgoing_events", "patient_medical", "patient_mvc", "patients"),
            *("session_settings", "storage_outbox", "therapy_sessions", "upload_events"),
        )
    },
    (PRIVACY, "INSERT", "erasures"): "all",
    (PRIVACY, "UPDATE", "erasures"): "erased_at removed",
    (ADMIN, "SELECT", "erasures"): "all",
    # the owner of the functions about accounts; nobody is its member but the tables' owner
    (ACCOUNTS, "SELECT", "people"): "all",
    (ACCOUNTS, "INSERT", "people"): "id name role db_login",
    (ACCOUNTS, "UPDATE", "people"): "name role db_login active",
    (ACCOUNTS, "UPDATE", "local_accounts"): "password_hash",
    **{
        (ACCOUNTS, op, table): "all"
        for op in ("SELECT", "INSERT")
        for table in ("sign_ins", "welcome_links", "api_tokens")
    },
    (ACCOUNTS, "UPDATE", "sign_ins"): "seen_at ended_at",
    (ACCOUNTS, "UPDATE", "welcome_links"): "used_at",
    (ACCOUNTS, "UPDATE", "api_tokens"): "last_used_at revoked_at",
    (ACCOUNTS, "SELECT", "local_accounts"): "all",
    (ACCOUNTS, "INSERT", "local_accounts"): "all",
    (ACCOUNTS, "SELECT", "therapists"): "all",
    (ACCOUNTS, "INSERT", "therapists"): "id",
    (ACCOUNTS, "SELECT", "researcher_profiles"): "all",
    (ACCOUNTS, "INSERT", "researcher_profiles"): "id",
}

# Who may call each function of schema app, its owner included.
FUNCTIONS = {
    "account": f"{ACCOUNTS} myograph_web",
    **dict.fromkeys(
        (
            "account_of",
            "accept_link",
            "admin_exists",
            "bearer",
            "begin_sign_in",
            "end_sign_in",
            "known_by_provider",
            "offer_first_link",
            "signed_in",
            "welcomed",
        ),
        f"{ACCOUNTS} myograph_web",
    ),
    **dict.fromkeys(
        ("add_token", "change_password", "revoke_token", "sign_out_everywhere"),
        f"{ACCOUNTS} {THERAPIST} {RESEARCHER} {ADMIN}",
    ),
    **dict.fromkeys(
        (
            "add_account",
            "end_sign_ins_of",
            "make_link",
            "make_token",
            "set_password",
            "withdraw_token",
        ),
        ACCOUNTS,
    ),
    **dict.fromkeys(("forget_links", "forget_sign_ins", "forget_tokens"), f"{ACCOUNTS} {WORKER}"),
    "offer_link": f"{ACCOUNTS} {ADMIN}",
    "acts_as": f"{WORKER} {ACCOUNTS} {THERAPIST} {RESEARCHER} {ADMIN}",
    "person": f"{WORKER} {ACCOUNTS} {AUDIT} {THERAPIST} {RESEARCHER} {ADMIN}",
    "write_audit": AUDIT,
    "audit_text": AUDIT,
    "unsealed": AUDIT,
    "note": f"{AUDIT} {WORKER} {THERAPIST} {RESEARCHER} {ADMIN}",
    "note_read": f"{AUDIT} {WORKER} {THERAPIST} {RESEARCHER} {ADMIN}",
    "note_sign_in": f"{AUDIT} {ACCOUNTS} myograph_web",
    "seal": f"{AUDIT} {WORKER}",
    "audit_prefix": f"{AUDIT} {WORKER}",
    "retain_audit": f"{AUDIT} {WORKER}",
    **dict.fromkeys(
        (
            "about_patients",
            "begin_erasure",
            "finish_erasure",
            "objects_of",
            "person_data",
            "sessions_of",
        ),
        PRIVACY,
    ),
    **dict.fromkeys(
        (
            "known_muscle",
            "renamed",
            "shown_assignment",
            "shown_cache",
            "shown_label",
            "shown_labels",
            "usual_labels",
        ),
        f"{WORKER} {THERAPIST} {ADMIN}",
    ),
    **dict.fromkeys(("may_see", "shown_text"), WORKER),
    **dict.fromkeys(
        ("seen_hits", "seen_twin", "seen_twins"), f"{WORKER} {THERAPIST} {RESEARCHER} {ADMIN}"
    ),
    "pseudonym_check": f"{WORKER} myograph_web",
    "my_patients": f"{WORKER} {THERAPIST}",
    "consented_pseudonyms": f"{WORKER} {RESEARCHER}",
    "receive_upload": f"{WORKER} {THERAPIST} {ADMIN} myograph_web",
    "receive_event": f"{WORKER} {THERAPIST} {ADMIN} myograph_web",
    "receive_events": f"{WORKER} myograph_web",
    "add_sessions": WORKER,
    "delivery_of": WORKER,
    "enqueue_uploads": WORKER,
    "plainly_new": WORKER,
    "plainly_new_of": WORKER,
    "replay_event": f"{WORKER} {ADMIN}",
    "assign": f"{WORKER} {THERAPIST} {ADMIN}",
    "recover": f"{WORKER} {THERAPIST} {ADMIN}",
    "count_as_own": f"{WORKER} {THERAPIST} {ADMIN}",
    "enter": f"{WORKER} {THERAPIST} {ADMIN}",
    "name_configuration": f"{WORKER} {THERAPIST} {ADMIN}",
    "enter_pressure": f"{WORKER} {THERAPIST} {ADMIN}",
    "reprocess": f"{WORKER} {THERAPIST} {ADMIN}",
    "reprocess_chosen": f"{WORKER} {ADMIN}",
    "resend_event": f"{WORKER} {ADMIN}",
    "edit_contraction": f"{WORKER} {THERAPIST} {ADMIN}",
    "revoke_edit": f"{WORKER} {THERAPIST} {ADMIN}",
    "editor_ids": f"{WORKER} {ACCOUNTS}",
    "editors": f"{ACCOUNTS} {THERAPIST} {ADMIN}",
    "may_write": WORKER,
    "measure_again": WORKER,
    "queued_work": f"{WORKER} {ADMIN}",
    "score_again": WORKER,
    "set_session_type": WORKER,
    "rescore_after": WORKER,
    "rescore_many": WORKER,
    "rescore_patient": WORKER,
    "take_claimed": f"{WORKER} {ADMIN}",
    "consented_mvc": f"{WORKER} {RESEARCHER}",
    "shared_notes": f"{WORKER} {RESEARCHER}",
    "note_author_ids": f"{WORKER} {ACCOUNTS}",
    "note_authors": f"{ACCOUNTS} {THERAPIST} {ADMIN}",
    "analyse_again": WORKER,
    "enqueue_later": WORKER,
    "living": WORKER,
    "reprocess_many": WORKER,
    "add_session": WORKER,
    "check_upload": WORKER,
    "choosable": WORKER,
    "describe": WORKER,
    "enqueue": WORKER,
    "reap": WORKER,
    "resolve_patient": WORKER,
    "session_of_object": WORKER,
    "set_legs": WORKER,
    "set_patient": WORKER,
    "with_leg": WORKER,
    "writable": WORKER,
    **dict.fromkeys(
        (
            "age",
            "check_announcer",
            "check_owner",
            "complete_upload",
            "enqueue_upload",
            "fate",
            "learn",
            "lies_there",
            "lock_object",
            "name_patient",
            "number_in_name",
            "place",
            "receive_object",
            "remove_object",
            "removed_since",
            "sessions_at",
            "settle_twins",
            "supersede",
            "told_at",
            "version_of",
        ),
        WORKER,
    ),
}

# Functions of schema app that run with the rights of whoever calls them; all others are definers.
INVOKERS = (
    "about_patients",
    "age",
    "announce_end",
    "announce_session",
    "audit_text",
    "check_upload",
    "delivery_of",
    "known_muscle",
    "lies_there",
    "number_in_name",
    "renamed",
    "shown_assignment",
    "shown_cache",
    "shown_label",
    "shown_labels",
    "stamp_session",
    "touch",
    "usual_labels",
    "version_of",
    "with_leg",
)
