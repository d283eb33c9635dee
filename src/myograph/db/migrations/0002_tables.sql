-- People, patients, sessions, and what was measured in them.
-- Times are timestamptz, amplitudes volts, frequencies hertz, durations seconds unless a comment
-- says otherwise. Null means not known or not measured, never zero.

CREATE TABLE people (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name       text NOT NULL CHECK (name <> ''),
    role       text NOT NULL CHECK (role IN ('therapist', 'researcher', 'admin')),
    db_login   text UNIQUE CHECK (db_login NOT IN ('myograph_web', 'myograph_work')),
    active     boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE  people IS 'Whoever may sign in.';
COMMENT ON COLUMN people.id IS 'The identity provider''s subject; our own number for a local account.';
COMMENT ON COLUMN people.name IS 'As shown on pages.';
COMMENT ON COLUMN people.role IS 'therapist, researcher or admin. Nobody changes their own.';
COMMENT ON COLUMN people.db_login IS 'The database login that is this person, for people who use SQL; usually null.';
COMMENT ON COLUMN people.active IS 'False: sees nothing and does nothing any more.';
COMMENT ON COLUMN people.created_at IS 'When the person was added.';
COMMENT ON COLUMN people.updated_at IS 'When this row last changed.';

CREATE TABLE local_accounts (
    person_id     uuid PRIMARY KEY REFERENCES people ON DELETE CASCADE,
    login         text NOT NULL CHECK (login <> ''),
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2%'),
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX local_accounts_login ON local_accounts (lower(login));
COMMENT ON TABLE  local_accounts IS 'Logins of the installations without an identity provider. Read by app.account alone.';
COMMENT ON COLUMN local_accounts.person_id IS 'Whose account it is.';
COMMENT ON COLUMN local_accounts.login IS 'Typed at sign-in; upper and lower case are the same.';
COMMENT ON COLUMN local_accounts.password_hash IS 'Argon2, with its salt and parameters.';
COMMENT ON COLUMN local_accounts.created_at IS 'When the account was made.';

CREATE TABLE therapists (
    id         uuid PRIMARY KEY REFERENCES people ON DELETE RESTRICT,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE  therapists IS 'People who treat patients.';
COMMENT ON COLUMN therapists.id IS 'The person.';
COMMENT ON COLUMN therapists.created_at IS 'When they began here.';

CREATE TABLE researcher_profiles (
    id          uuid PRIMARY KEY REFERENCES people ON DELETE RESTRICT,
    institution text,
    created_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE  researcher_profiles IS 'People who study pseudonymised sessions.';
COMMENT ON COLUMN researcher_profiles.id IS 'The person.';
COMMENT ON COLUMN researcher_profiles.institution IS 'Where they work.';
COMMENT ON COLUMN researcher_profiles.created_at IS 'When they began here.';

CREATE TABLE patients (
    patient_code                   text PRIMARY KEY CHECK (patient_code ~ '^P[0-9]{3,}$'),
    pseudonym                      text UNIQUE,
    therapist_id                   uuid REFERENCES therapists,
    research_consent               boolean,
    treatment_start                date,
    channel_assignment             jsonb CHECK (jsonb_typeof(channel_assignment) = 'object'),
    target_contractions_per_muscle integer CHECK (target_contractions_per_muscle > 0),
    mvc_left_quad                  double precision CHECK (mvc_left_quad > 0),
    mvc_right_quad                 double precision CHECK (mvc_right_quad > 0),
    mvc_left_session_id            uuid,
    mvc_right_session_id           uuid,
    created_at                     timestamptz NOT NULL DEFAULT now(),
    updated_at                     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX patients_therapist ON patients (therapist_id);
COMMENT ON TABLE  patients IS 'Patients of the trial, known by a code and nothing else.';
COMMENT ON COLUMN patients.patient_code IS 'P and at least three digits: the only identifier the trial uses.';
COMMENT ON COLUMN patients.pseudonym IS 'HMAC-SHA256 of the code, in hex; what a researcher sees. Written by the service, which alone has the key.';
COMMENT ON COLUMN patients.therapist_id IS 'Who treats the patient now, and so sees everything of theirs.';
COMMENT ON COLUMN patients.research_consent IS 'True: researchers see the pseudonymised sessions. Null counts as no.';
COMMENT ON COLUMN patients.treatment_start IS 'First day of the treatment plan.';
COMMENT ON COLUMN patients.channel_assignment IS '{"CH1": {"muscle": "quadriceps", "side": "left"}}: used where a session has none of its own.';
COMMENT ON COLUMN patients.target_contractions_per_muscle IS 'Contractions per muscle and session; null: the default of the method.';
COMMENT ON COLUMN patients.mvc_left_quad IS 'Maximum voluntary contraction of the left quadriceps, V of the raw channel''s envelope.';
COMMENT ON COLUMN patients.mvc_right_quad IS 'The same of the right quadriceps, V.';
COMMENT ON COLUMN patients.mvc_left_session_id IS 'The session the left value comes from; null where a person entered it.';
COMMENT ON COLUMN patients.mvc_right_session_id IS 'The session the right value comes from; null where a person entered it.';
COMMENT ON COLUMN patients.created_at IS 'When the patient was added.';
COMMENT ON COLUMN patients.updated_at IS 'When this row last changed.';

CREATE TABLE scoring_configuration (
    id                          text NOT NULL CHECK (id <> ''),
    version                     integer NOT NULL CHECK (version > 0),
    name                        text NOT NULL CHECK (name <> ''),
    weights                     jsonb NOT NULL,
    component_weights           jsonb NOT NULL,
    rpe_mapping                 jsonb NOT NULL,
    include_estimated_intensity boolean NOT NULL DEFAULT false,
    targets                     text NOT NULL DEFAULT 'fixed' CHECK (targets IN ('fixed', 'prescribed')),
    scope                       text NOT NULL DEFAULT 'site' CHECK (scope IN ('site', 'patient', 'session')),
    active                      boolean NOT NULL DEFAULT true,
    author                      uuid REFERENCES people,
    reason                      text,
    created_at                  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, version)
);
CREATE UNIQUE INDEX scoring_configuration_site ON scoring_configuration (scope) WHERE scope = 'site' AND active;
COMMENT ON TABLE  scoring_configuration IS 'How scores are weighted. A version is never changed, a new one is added.';
COMMENT ON COLUMN scoring_configuration.id IS 'Stable name for programs: default, ghostly-trial.';
COMMENT ON COLUMN scoring_configuration.version IS 'Counts from 1 for each id.';
COMMENT ON COLUMN scoring_configuration.name IS 'As shown on pages.';
COMMENT ON COLUMN scoring_configuration.weights IS 'Of compliance, symmetry, effort and game; their sum is 1.';
COMMENT ON COLUMN scoring_configuration.component_weights IS 'Of completion, intensity and duration within compliance; their sum is 1.';
COMMENT ON COLUMN scoring_configuration.rpe_mapping IS 'Perceived exertion 0 to 10, as text, to an effort score 0 to 100.';
COMMENT ON COLUMN scoring_configuration.include_estimated_intensity IS 'True: intensity judged by a maximum estimated from the same session counts in compliance.';
COMMENT ON COLUMN scoring_configuration.targets IS 'fixed: 75 % of the maximum and 2 s; prescribed: what the level asks for.';
COMMENT ON COLUMN scoring_configuration.scope IS 'site: the default of every session; patient, session: where named there.';
COMMENT ON COLUMN scoring_configuration.active IS 'False: kept for the scores that name it. One active row has the scope site.';
COMMENT ON COLUMN scoring_configuration.author IS 'Who made this version; null: it came with the program.';
COMMENT ON COLUMN scoring_configuration.reason IS 'Why it was made.';
COMMENT ON COLUMN scoring_configuration.created_at IS 'When this version was made.';

CREATE TABLE therapy_sessions (
    id                       uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    file_path                text NOT NULL,
    file_hash                text CHECK (file_hash ~ '^[0-9a-f]{64}$'),
    file_size_bytes          bigint CHECK (file_size_bytes >= 0),
    storage_bucket           text NOT NULL,
    storage_object_id        text,
    storage_version          text NOT NULL,
    storage_etag             text,
    patient_id               text REFERENCES patients (patient_code) ON UPDATE CASCADE,
    claimed_patient_code     text CHECK (claimed_patient_code ~ '^P[0-9]{3,}$'),
    patient_finding          text,
    patient_chosen           boolean NOT NULL DEFAULT false,
    therapist_id             uuid REFERENCES therapists,
    uploaded_by              uuid REFERENCES people,
    pseudonym                text,
    session_id               text,
    started_local            timestamp,
    session_date             timestamptz,
    session_type             text CHECK (session_type IN ('baseline', 'training', 'assessment')),
    protocol_day             integer CHECK (protocol_day > 0),
    game_metadata            jsonb,
    findings                 jsonb,
    analysis_findings        jsonb,
    processing_version       text,
    processing_status        text NOT NULL DEFAULT 'pending'
                             CHECK (processing_status IN
                                    ('pending', 'processing', 'completed', 'failed', 'reprocessing')),
    failure_kind             text CHECK (failure_kind IN ('unreadable', 'gave_up', 'file_gone', 'superseded')),
    failure_code             text,
    processing_error_message text,
    processing_time_ms       integer CHECK (processing_time_ms >= 0),
    recovered                boolean NOT NULL DEFAULT false,
    object_gone_at           timestamptz,
    superseded_by            uuid REFERENCES therapy_sessions ON DELETE SET NULL
                             DEFERRABLE INITIALLY DEFERRED,
    duplicate_of             uuid REFERENCES therapy_sessions ON DELETE SET NULL,
    analytics_cache          jsonb,
    cache_hits               integer NOT NULL DEFAULT 0,
    attempt                  integer NOT NULL DEFAULT 0,
    tries                    integer NOT NULL DEFAULT 0,
    lease_until              timestamptz,
    changed_xid              xid8 NOT NULL DEFAULT pg_current_xact_id(),
    created_at               timestamptz NOT NULL DEFAULT now(),
    processed_at             timestamptz,
    updated_at               timestamptz NOT NULL DEFAULT now(),
    sorted_at                timestamptz NOT NULL
                             GENERATED ALWAYS AS (COALESCE(session_date, created_at)) STORED,
    CHECK ((processing_status = 'failed') = (failure_kind IS NOT NULL))
);
-- One upload is one row: an object with an id is known by it, others by their path.
CREATE UNIQUE INDEX therapy_sessions_object ON therapy_sessions
    (storage_bucket, (COALESCE(storage_object_id, file_path)), storage_version);
CREATE UNIQUE INDEX therapy_sessions_path ON therapy_sessions
    (storage_bucket, file_path) WHERE superseded_by IS NULL;
CREATE INDEX therapy_sessions_newest ON therapy_sessions (sorted_at DESC, id DESC);
CREATE INDEX therapy_sessions_patient ON therapy_sessions (patient_id, sorted_at DESC, id DESC);
CREATE INDEX therapy_sessions_pseudonym ON therapy_sessions (pseudonym, sorted_at DESC, id DESC);
CREATE INDEX therapy_sessions_uploaded ON therapy_sessions (uploaded_by, sorted_at DESC) WHERE patient_id IS NULL;
CREATE INDEX therapy_sessions_status ON therapy_sessions (processing_status, sorted_at DESC, id DESC);
CREATE INDEX therapy_sessions_hash ON therapy_sessions (file_hash, created_at) WHERE file_hash IS NOT NULL;
CREATE INDEX therapy_sessions_changed ON therapy_sessions (changed_xid);
CREATE INDEX therapy_sessions_lease ON therapy_sessions (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX therapy_sessions_superseded ON therapy_sessions (superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX therapy_sessions_duplicate ON therapy_sessions (duplicate_of) WHERE duplicate_of IS NOT NULL;
COMMENT ON TABLE  therapy_sessions IS 'One uploaded recording each; the file in object storage stays the truth.';
COMMENT ON COLUMN therapy_sessions.id IS 'The key.';
COMMENT ON COLUMN therapy_sessions.file_path IS 'Name of the object in its bucket; unique among rows that are not superseded.';
COMMENT ON COLUMN therapy_sessions.file_hash IS 'SHA-256 of all bytes, in hex; null until they were read.';
COMMENT ON COLUMN therapy_sessions.file_size_bytes IS 'Bytes of the object.';
COMMENT ON COLUMN therapy_sessions.storage_bucket IS 'Bucket the object lies in.';
COMMENT ON COLUMN therapy_sessions.storage_object_id IS 'The store''s own number for the object, where it has one.';
COMMENT ON COLUMN therapy_sessions.storage_version IS 'Changes with every overwrite; the etag in stores without versions.';
COMMENT ON COLUMN therapy_sessions.storage_etag IS 'As the store gives it, without quotes. No hash of the content.';
COMMENT ON COLUMN therapy_sessions.patient_id IS 'The patient''s code; null while unassigned.';
COMMENT ON COLUMN therapy_sessions.claimed_patient_code IS 'A code that path or file name and that no patient has.';
COMMENT ON COLUMN therapy_sessions.patient_finding IS 'Why the patient was left open, as a sentence.';
COMMENT ON COLUMN therapy_sessions.patient_chosen IS 'A person chose the patient: what the file says changes nothing.';
COMMENT ON COLUMN therapy_sessions.therapist_id IS 'The patient''s therapist when the session was assigned.';
COMMENT ON COLUMN therapy_sessions.uploaded_by IS 'Who uploaded it; null where a machine did. Sees it while it is unassigned.';
COMMENT ON COLUMN therapy_sessions.pseudonym IS 'HMAC-SHA256 of the patient''s code, in hex: what a researcher sees instead.';
COMMENT ON COLUMN therapy_sessions.session_id IS 'The human code: shown, never a key.';
COMMENT ON COLUMN therapy_sessions.started_local IS 'Start of the recording as the file says; the file names no zone.';
COMMENT ON COLUMN therapy_sessions.session_date IS 'The same in the site''s zone.';
COMMENT ON COLUMN therapy_sessions.session_type IS 'baseline, training or assessment; null: nobody said.';
COMMENT ON COLUMN therapy_sessions.protocol_day IS 'Day of the treatment plan, from 1.';
COMMENT ON COLUMN therapy_sessions.game_metadata IS 'What the game wrote of itself. Holds names: not for researchers.';
COMMENT ON COLUMN therapy_sessions.findings IS '[{code, sentence, channel}]: what the reader had to decide.';
COMMENT ON COLUMN therapy_sessions.analysis_findings IS '[{code, sentence, channel}]: what the analysis noticed.';
COMMENT ON COLUMN therapy_sessions.processing_version IS 'Version of the method that made the results.';
COMMENT ON COLUMN therapy_sessions.processing_status IS 'pending, processing, completed, failed or reprocessing.';
COMMENT ON COLUMN therapy_sessions.failure_kind IS 'unreadable, gave_up, file_gone or superseded; null unless failed.';
COMMENT ON COLUMN therapy_sessions.failure_code IS 'Code of the error, for programs: unfinalised.';
COMMENT ON COLUMN therapy_sessions.processing_error_message IS 'Why it failed, as a sentence; or the last error while it is tried again.';
COMMENT ON COLUMN therapy_sessions.processing_time_ms IS 'From the claim to the saved results, ms.';
COMMENT ON COLUMN therapy_sessions.recovered IS 'The file was never finalised and read for what it holds.';
COMMENT ON COLUMN therapy_sessions.object_gone_at IS 'Since when the object is missing; the numbers stay.';
COMMENT ON COLUMN therapy_sessions.superseded_by IS 'The session of the bytes that overwrote this object. Leaves dose and trends.';
COMMENT ON COLUMN therapy_sessions.duplicate_of IS 'An earlier session with the very same bytes. Counts in no dose, trend or study.';
COMMENT ON COLUMN therapy_sessions.analytics_cache IS '{overall, missing, quality, contractions, method}: exactly what a list row shows.';
COMMENT ON COLUMN therapy_sessions.cache_hits IS 'How often stored results were used again instead of measuring.';
COMMENT ON COLUMN therapy_sessions.attempt IS 'Counts every claim and never falls: results of an older attempt are refused.';
COMMENT ON COLUMN therapy_sessions.tries IS 'Claims since the analysis was last asked for; five are allowed.';
COMMENT ON COLUMN therapy_sessions.lease_until IS 'Until when a worker has claimed it.';
COMMENT ON COLUMN therapy_sessions.changed_xid IS 'Transaction that changed the row last: the cursor of live pages.';
COMMENT ON COLUMN therapy_sessions.created_at IS 'When we learned of the upload.';
COMMENT ON COLUMN therapy_sessions.processed_at IS 'When the results were made.';
COMMENT ON COLUMN therapy_sessions.updated_at IS 'When this row last changed.';
COMMENT ON COLUMN therapy_sessions.sorted_at IS 'session_date, or created_at while that is unknown: the order of lists.';

ALTER TABLE patients
    ADD FOREIGN KEY (mvc_left_session_id) REFERENCES therapy_sessions ON DELETE SET NULL,
    ADD FOREIGN KEY (mvc_right_session_id) REFERENCES therapy_sessions ON DELETE SET NULL;
CREATE INDEX patients_mvc_left ON patients (mvc_left_session_id) WHERE mvc_left_session_id IS NOT NULL;
CREATE INDEX patients_mvc_right ON patients (mvc_right_session_id) WHERE mvc_right_session_id IS NOT NULL;

CREATE TABLE c3d_technical_data (
    session_id                uuid PRIMARY KEY REFERENCES therapy_sessions ON DELETE CASCADE,
    original_sampling_rate    double precision CHECK (original_sampling_rate > 0),
    original_duration_seconds double precision CHECK (original_duration_seconds >= 0),
    original_sample_count     bigint CHECK (original_sample_count >= 0),
    channel_count             integer CHECK (channel_count >= 0),
    channel_names             text[] CHECK (cardinality(channel_names) <= 200),
    emg_labels                text[] CHECK (cardinality(emg_labels) <= 200),
    sampling_rate             double precision CHECK (sampling_rate > 0),
    duration_seconds          double precision CHECK (duration_seconds >= 0),
    frame_count               bigint CHECK (frame_count >= 0),
    rate_correction           text,
    rate_assumed              boolean,
    extracted_at              timestamptz
);
COMMENT ON TABLE  c3d_technical_data IS 'What the file''s first blocks say, known before any sample is read.';
COMMENT ON COLUMN c3d_technical_data.session_id IS 'The session.';
COMMENT ON COLUMN c3d_technical_data.original_sampling_rate IS 'Samples per second as the file declares, Hz.';
COMMENT ON COLUMN c3d_technical_data.original_duration_seconds IS 'Duration by that rate, s.';
COMMENT ON COLUMN c3d_technical_data.original_sample_count IS 'Samples per analog channel.';
COMMENT ON COLUMN c3d_technical_data.channel_count IS 'Analog channels.';
COMMENT ON COLUMN c3d_technical_data.channel_names IS 'Labels of the analog channels in file order, at most the first 200.';
COMMENT ON COLUMN c3d_technical_data.emg_labels IS 'The channels that are EMG, in file order: CH1 for CH1 Raw.';
COMMENT ON COLUMN c3d_technical_data.sampling_rate IS 'Samples per second that every time and frequency is computed with, Hz.';
COMMENT ON COLUMN c3d_technical_data.duration_seconds IS 'Duration by that rate, s.';
COMMENT ON COLUMN c3d_technical_data.frame_count IS '3D frames in the file.';
COMMENT ON COLUMN c3d_technical_data.rate_correction IS 'Why the two rates differ; null where they do not.';
COMMENT ON COLUMN c3d_technical_data.rate_assumed IS 'The correction rests on no evidence in this very file.';
COMMENT ON COLUMN c3d_technical_data.extracted_at IS 'When it was read.';

CREATE TABLE processing_parameters (
    digest        text PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'),
    method        text NOT NULL,
    protocol      jsonb NOT NULL,
    first_used_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE  processing_parameters IS 'Every protocol that ever made a result.';
COMMENT ON COLUMN processing_parameters.digest IS 'SHA-256 of the protocol''s canonical JSON, in hex.';
COMMENT ON COLUMN processing_parameters.method IS 'Version of the method that used it first.';
COMMENT ON COLUMN processing_parameters.protocol IS 'All parameters of the analysis.';
COMMENT ON COLUMN processing_parameters.first_used_at IS 'When it was used first.';
