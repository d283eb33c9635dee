-- Patients: when they are treated, what is asked of them and by which rules it is scored, their maxima
-- through time, medical facts, and what people write about them.

GRANT CREATE ON SCHEMA app TO myograph_worker, myograph_accounts;

-- jobs for many sessions

CREATE FUNCTION app.rescore_many(sessions uuid[], urgency integer) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = queue, pg_temp
AS $$
    -- A session that waits for it as urgently is not queued again. Its job is held until this commits,
    -- so nobody takes it up before what is to be scored is there; one in other hands does not count.
    WITH waiting AS MATERIALIZED (
        SELECT (j.args ->> 'session_id')::uuid AS id FROM procrastinate_jobs j
         WHERE j.status = 'todo' AND j.task_name = 'rescore_session' AND j.priority >= urgency
           FOR UPDATE SKIP LOCKED)
    SELECT procrastinate_defer_jobs_v1(array_agg(
               ROW('myograph', 'rescore_session', urgency, NULL, NULL, jsonb_build_object('session_id', s.id), NULL)
               ::procrastinate_job_to_defer_v1 ORDER BY s.n))
      FROM unnest(sessions) WITH ORDINALITY s (id, n)
     WHERE s.id NOT IN (SELECT w.id FROM waiting w)
    HAVING count(*) > 0
$$;
COMMENT ON FUNCTION app.rescore_many(uuid[], integer) IS 'Queue a new scoring of these sessions, in this order.';

CREATE FUNCTION app.rescore_patient(code text, since timestamptz, without text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
    -- Those in analysis too: it may have read already what is changed now. Ahead of everything but
    -- what was said of one session alone.
    SELECT app.rescore_many(array_agg(t.id ORDER BY t.sorted_at DESC), 90)
      FROM public.therapy_sessions t
      LEFT JOIN public.session_settings s ON s.session_id = t.id
     WHERE t.patient_id = code AND (since IS NULL OR t.sorted_at >= since)
       AND t.processing_status IN ('completed', 'processing', 'reprocessing')
       AND (without IS NULL OR to_jsonb(s) -> without IS NULL OR to_jsonb(s) -> without = 'null')
    HAVING count(*) > 0
$$;
COMMENT ON FUNCTION app.rescore_patient(text, timestamptz, text) IS 'Queue a new scoring of what a patient played since then (null: of everything), where the session''s settings are without this column (null: whatever they say).';

-- patients

ALTER TABLE patients
    ADD COLUMN treatment_end              date,
    ADD COLUMN mvc_threshold_percentage   double precision
        CHECK (mvc_threshold_percentage > 0 AND mvc_threshold_percentage <= 1),
    ADD COLUMN duration_threshold_seconds double precision
        CHECK (duration_threshold_seconds > 0 AND duration_threshold_seconds <= 600),
    ADD CONSTRAINT patients_treatment
        CHECK (treatment_end IS NULL OR (treatment_start IS NOT NULL AND treatment_end >= treatment_start));
COMMENT ON COLUMN patients.treatment_end IS 'Last day of the treatment plan; null: 14 days from its start.';
COMMENT ON COLUMN patients.mvc_threshold_percentage IS 'Share of the maximum from which on a contraction is intense enough, above 0 to 1; null: 0.75.';
COMMENT ON COLUMN patients.duration_threshold_seconds IS 'How long a contraction is to be held, s; null: 2.0.';
COMMENT ON COLUMN patients.mvc_left_quad IS 'Maximum voluntary contraction of the left quadriceps in force now, V of the raw channel''s envelope: the latest of patient_mvc.';

-- Maxima come by way of their history alone.
REVOKE INSERT (mvc_left_quad, mvc_right_quad), UPDATE (mvc_left_quad, mvc_right_quad) ON patients FROM myograph_admin;
GRANT INSERT (treatment_end, mvc_threshold_percentage, duration_threshold_seconds),
      UPDATE (treatment_end, mvc_threshold_percentage, duration_threshold_seconds) ON patients TO myograph_admin;
GRANT UPDATE (channel_assignment, target_contractions_per_muscle, mvc_threshold_percentage, duration_threshold_seconds)
    ON patients TO myograph_therapist;
CREATE POLICY own_settings ON patients FOR UPDATE TO myograph_therapist
    USING (therapist_id = (SELECT app.person()) AND (SELECT app.acts_as('therapist')));
GRANT SELECT (treatment_end, mvc_threshold_percentage, duration_threshold_seconds) ON patients TO myograph_researcher;

-- which configuration scores what: a session's own, else its patient's, else the site's

ALTER TABLE patients
    ADD COLUMN scoring_configuration_id      text,
    ADD COLUMN scoring_configuration_version integer,
    ADD CONSTRAINT patients_scored_by FOREIGN KEY (scoring_configuration_id, scoring_configuration_version)
        REFERENCES scoring_configuration (id, version) MATCH FULL;
ALTER TABLE session_settings
    ADD COLUMN scoring_configuration_id      text,
    ADD COLUMN scoring_configuration_version integer,
    ADD CONSTRAINT session_settings_scored_by FOREIGN KEY (scoring_configuration_id, scoring_configuration_version)
        REFERENCES scoring_configuration (id, version) MATCH FULL;
ALTER TABLE performance_scores
    ADD COLUMN configuration_scope text NOT NULL DEFAULT 'site' CHECK (configuration_scope IN ('site', 'patient', 'session'));
-- Researchers read it, so no patient is named in it.
ALTER TABLE scoring_configuration
    ADD CONSTRAINT scoring_configuration_name CHECK (length(name) <= 100 AND name !~* '\mP[0-9]{3,}\M'),
    ADD CONSTRAINT scoring_configuration_reason CHECK (length(reason) BETWEEN 1 AND 1000 AND reason !~* '\mP[0-9]{3,}\M');
CREATE INDEX patients_scored_by ON patients (scoring_configuration_id, scoring_configuration_version)
    WHERE scoring_configuration_id IS NOT NULL;
CREATE INDEX session_settings_scored_by ON session_settings (scoring_configuration_id, scoring_configuration_version)
    WHERE scoring_configuration_id IS NOT NULL;
CREATE INDEX performance_scores_configuration
    ON performance_scores (configuration_scope, configuration_id, configuration_version);
COMMENT ON COLUMN patients.scoring_configuration_id IS 'Configuration that scores the patient''s sessions; null: the site''s.';
COMMENT ON COLUMN patients.scoring_configuration_version IS 'Its version.';
COMMENT ON COLUMN session_settings.scoring_configuration_id IS 'Configuration that scores this session; null: the patient''s, else the site''s.';
COMMENT ON COLUMN session_settings.scoring_configuration_version IS 'Its version.';
COMMENT ON COLUMN performance_scores.configuration_scope IS 'Who named the configuration that scored it: session, patient or site.';
COMMENT ON COLUMN scoring_configuration.scope IS 'What it may score: session: single sessions; patient: those and patients; site: all, as the default too.';
COMMENT ON COLUMN scoring_configuration.active IS 'Of the scope site true for the one that scores whatever names none; of others false: it may not be named any more.';
COMMENT ON COLUMN scoring_configuration.name IS 'As shown on pages. Names no patient.';
COMMENT ON COLUMN scoring_configuration.reason IS 'Why it was made. Names no patient.';

GRANT SELECT (scoring_configuration_id, scoring_configuration_version) ON patients, session_settings TO myograph_researcher;
GRANT UPDATE (scoring_configuration_id, scoring_configuration_version) ON patients TO myograph_admin;
CREATE OR REPLACE VIEW research_patients WITH (security_invoker = true) AS
SELECT NULL::text AS patient_code, pseudonym, NULL::uuid AS therapist_id, research_consent, treatment_start,
       channel_assignment, target_contractions_per_muscle, mvc_left_quad, mvc_right_quad,
       treatment_end, mvc_threshold_percentage, duration_threshold_seconds, NULL::timestamptz AS created_at,
       NULL::timestamptz AS updated_at, scoring_configuration_id, scoring_configuration_version
  FROM patients;

CREATE FUNCTION app.score_patient() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    other_legs  boolean := OLD.channel_assignment IS DISTINCT FROM NEW.channel_assignment;
    other_rules boolean := (OLD.scoring_configuration_id, OLD.scoring_configuration_version)
                           IS DISTINCT FROM (NEW.scoring_configuration_id, NEW.scoring_configuration_version);
    other_tasks boolean := (OLD.target_contractions_per_muscle, OLD.mvc_threshold_percentage, OLD.duration_threshold_seconds)
                           IS DISTINCT FROM
                           (NEW.target_contractions_per_muscle, NEW.mvc_threshold_percentage, NEW.duration_threshold_seconds);
BEGIN
    PERFORM app.rescore_patient(
        NEW.patient_code, NULL,
        CASE WHEN other_tasks OR (other_legs AND other_rules) THEN NULL
             WHEN other_legs THEN 'channel_assignment'
             ELSE 'scoring_configuration_id' END);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION app.score_patient() IS 'In the transaction that changes what all sessions of a patient are scored with.';
CREATE TRIGGER score_again AFTER UPDATE ON patients FOR EACH ROW
    WHEN ((OLD.channel_assignment, OLD.target_contractions_per_muscle, OLD.mvc_threshold_percentage,
           OLD.duration_threshold_seconds, OLD.scoring_configuration_id, OLD.scoring_configuration_version)
          IS DISTINCT FROM
          (NEW.channel_assignment, NEW.target_contractions_per_muscle, NEW.mvc_threshold_percentage,
           NEW.duration_threshold_seconds, NEW.scoring_configuration_id, NEW.scoring_configuration_version))
    EXECUTE FUNCTION app.score_patient();

CREATE FUNCTION app.score_site() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    -- Behind fresh uploads, the newest first. Whatever names a configuration of its own stays.
    PERFORM app.rescore_many(ARRAY(
        SELECT t.id
          FROM public.therapy_sessions t
          LEFT JOIN public.session_settings s ON s.session_id = t.id
          LEFT JOIN public.patients p ON p.patient_code = t.patient_id
         WHERE t.processing_status IN ('completed', 'processing', 'reprocessing')
           AND s.scoring_configuration_id IS NULL AND p.scoring_configuration_id IS NULL
         ORDER BY t.sorted_at DESC), -5);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION app.score_site() IS 'In the transaction that gives the site another configuration.';
CREATE TRIGGER score_again_new AFTER INSERT ON scoring_configuration FOR EACH ROW
    WHEN (NEW.scope = 'site' AND NEW.active)
    EXECUTE FUNCTION app.score_site();
CREATE TRIGGER score_again AFTER UPDATE ON scoring_configuration FOR EACH ROW
    WHEN (NEW.scope = 'site' AND NEW.active AND NOT OLD.active)
    EXECUTE FUNCTION app.score_site();

CREATE FUNCTION app.name_configuration(session uuid, wanted text, of_version integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    PERFORM app.writable(session);
    IF wanted IS NOT NULL AND NOT EXISTS (
        SELECT FROM public.scoring_configuration c
         WHERE c.id = wanted AND c.version = of_version AND (c.active OR c.scope = 'site'))
    THEN
        RAISE EXCEPTION 'There is no such configuration, or it is no longer in use.' USING ERRCODE = 'MG400';
    END IF;
    INSERT INTO public.session_settings (session_id, scoring_configuration_id, scoring_configuration_version, entered_by)
    VALUES (session, wanted, of_version, app.person())
    ON CONFLICT (session_id) DO UPDATE
       SET scoring_configuration_id = excluded.scoring_configuration_id,
           scoring_configuration_version = excluded.scoring_configuration_version,
           entered_by = excluded.entered_by;
    PERFORM app.score_again(session);
END
$$;
COMMENT ON FUNCTION app.name_configuration(uuid, text, integer) IS 'Have a session scored by this configuration, null: by its patient''s or the site''s; it is scored anew.';

-- sessions of a new patient

CREATE FUNCTION app.take_claimed(code text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    one   uuid;
    taken integer := 0;
BEGIN
    IF NOT app.acts_as('admin') THEN
        RAISE EXCEPTION 'It takes an administrator.' USING ERRCODE = 'MG403';
    END IF;
    -- What path or file named before anybody knew of the patient; a person's choice stays.
    FOR one IN
        SELECT t.id FROM public.therapy_sessions t
         WHERE t.claimed_patient_code = code AND t.patient_id IS NULL AND NOT t.patient_chosen
         ORDER BY t.id
           FOR UPDATE
    LOOP
        PERFORM app.set_patient(one, code, false);
        taken := taken + 1;
    END LOOP;
    PERFORM app.rescore_patient(code, NULL, NULL);
    RETURN taken;
END
$$;
COMMENT ON FUNCTION app.take_claimed(text) IS 'Give a new patient the sessions that named them before they were known; how many.';

-- maxima through time

CREATE TABLE patient_mvc (
    id           bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    patient_code text NOT NULL REFERENCES patients ON UPDATE CASCADE ON DELETE CASCADE,
    muscle       text NOT NULL DEFAULT 'quadriceps' CHECK (muscle = 'quadriceps'),
    side         text NOT NULL CHECK (side IN ('left', 'right')),
    value        double precision CHECK (value > 0 AND value < 'infinity'),
    session_id   uuid REFERENCES therapy_sessions ON DELETE SET NULL,
    entered_by   uuid REFERENCES people,
    reason       text CHECK (length(reason) BETWEEN 1 AND 1000),
    valid_from   timestamptz,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (valid_from <= created_at)
);
CREATE INDEX patient_mvc_in_force ON patient_mvc (patient_code, side, valid_from DESC NULLS LAST, id DESC);
CREATE INDEX patient_mvc_session ON patient_mvc (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX patient_mvc_entered_by ON patient_mvc (entered_by);
COMMENT ON TABLE  patient_mvc IS 'Maximum voluntary contractions that were set for a patient, append only. The one in force has the latest valid_from, of equal ones the latest id.';
COMMENT ON COLUMN patient_mvc.id IS 'The key; later ones were entered later.';
COMMENT ON COLUMN patient_mvc.patient_code IS 'Whose. Not for researchers.';
COMMENT ON COLUMN patient_mvc.muscle IS 'quadriceps: the muscle that maxima are set for.';
COMMENT ON COLUMN patient_mvc.side IS 'left or right.';
COMMENT ON COLUMN patient_mvc.value IS 'V of the raw channel''s envelope, largest mean over 500 ms; null: from then on none is set, and a baseline, the file or the session itself gives it.';
COMMENT ON COLUMN patient_mvc.session_id IS 'The session it was measured in; null where a person knew it.';
COMMENT ON COLUMN patient_mvc.entered_by IS 'Who set it; null: it is older than this table. Not for researchers.';
COMMENT ON COLUMN patient_mvc.reason IS 'Why, in their words. Not for researchers.';
COMMENT ON COLUMN patient_mvc.valid_from IS 'Sessions played from then on are judged by it; null: earlier ones too.';
COMMENT ON COLUMN patient_mvc.created_at IS 'When it was entered.';

-- What stood with the patients until now judged all of their sessions. The owner of the tables sees no row of them.
GRANT INSERT ON patient_mvc TO myograph_worker;
SET LOCAL ROLE myograph_worker;
INSERT INTO public.patient_mvc (patient_code, side, value, session_id, created_at)
SELECT patient_code, 'left', mvc_left_quad, mvc_left_session_id, updated_at
  FROM public.patients WHERE mvc_left_quad IS NOT NULL
UNION ALL
SELECT patient_code, 'right', mvc_right_quad, mvc_right_session_id, updated_at
  FROM public.patients WHERE mvc_right_quad IS NOT NULL;
RESET ROLE;
REVOKE INSERT ON patient_mvc FROM myograph_worker;

CREATE FUNCTION app.refer_to_mvc() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    now_in_force public.patient_mvc;
BEGIN
    -- Two that set one at once, one after the other.
    PERFORM FROM public.patients p WHERE p.patient_code = NEW.patient_code FOR NO KEY UPDATE;
    SELECT * INTO now_in_force FROM public.patient_mvc m
     WHERE m.patient_code = NEW.patient_code AND m.side = NEW.side
     ORDER BY m.valid_from DESC NULLS LAST, m.id DESC
     LIMIT 1;
    UPDATE public.patients p
       SET mvc_left_quad        = CASE NEW.side WHEN 'left' THEN now_in_force.value ELSE p.mvc_left_quad END,
           mvc_left_session_id  = CASE NEW.side WHEN 'left' THEN now_in_force.session_id ELSE p.mvc_left_session_id END,
           mvc_right_quad       = CASE NEW.side WHEN 'right' THEN now_in_force.value ELSE p.mvc_right_quad END,
           mvc_right_session_id = CASE NEW.side WHEN 'right' THEN now_in_force.session_id ELSE p.mvc_right_session_id END
     WHERE p.patient_code = NEW.patient_code;
    PERFORM app.rescore_patient(NEW.patient_code, NEW.valid_from, NULL);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION app.refer_to_mvc() IS 'In the transaction that sets a maximum: the patient''s row shows the one in force, and what it judges is scored again.';
CREATE TRIGGER in_force AFTER INSERT ON patient_mvc FOR EACH ROW EXECUTE FUNCTION app.refer_to_mvc();

-- A researcher may call it: keys and pseudonyms, no codes.
CREATE FUNCTION app.consented_mvc() RETURNS TABLE (id bigint, pseudonym text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT m.id, p.pseudonym
      FROM public.patient_mvc m
      JOIN public.patients p USING (patient_code)
     WHERE p.research_consent AND p.pseudonym IS NOT NULL AND app.acts_as('researcher')
$$;
COMMENT ON FUNCTION app.consented_mvc() IS 'The maxima that the researcher who asks may see, with the pseudonyms of their patients.';

-- medical facts

CREATE TABLE patient_medical (
    patient_code      text PRIMARY KEY REFERENCES patients ON UPDATE CASCADE ON DELETE CASCADE,
    birth_year        integer CHECK (birth_year BETWEEN 1900 AND 2100),
    sex               text CHECK (sex IN ('female', 'male', 'other')),
    height_cm         double precision CHECK (height_cm BETWEEN 30 AND 280),
    weight_kg         double precision CHECK (weight_kg BETWEEN 2 AND 500),
    dominant_leg      text CHECK (dominant_leg IN ('left', 'right')),
    affected_leg      text CHECK (affected_leg IN ('left', 'right', 'both', 'neither')),
    diagnosis         text CHECK (length(diagnosis) BETWEEN 1 AND 2000),
    surgery_date      date,
    medication        text CHECK (length(medication) BETWEEN 1 AND 2000),
    contraindications text CHECK (length(contraindications) BETWEEN 1 AND 2000),
    remarks           text CHECK (length(remarks) BETWEEN 1 AND 10000),
    entered_by        uuid REFERENCES people,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX patient_medical_entered_by ON patient_medical (entered_by);
COMMENT ON TABLE  patient_medical IS 'Demographics and medical facts of a patient, for their therapist and administrators alone. Null: nobody said.';
COMMENT ON COLUMN patient_medical.patient_code IS 'The patient.';
COMMENT ON COLUMN patient_medical.birth_year IS 'No day and month: the year is enough.';
COMMENT ON COLUMN patient_medical.sex IS 'female, male or other.';
COMMENT ON COLUMN patient_medical.height_cm IS 'Height, cm.';
COMMENT ON COLUMN patient_medical.weight_kg IS 'Weight, kg.';
COMMENT ON COLUMN patient_medical.dominant_leg IS 'left or right.';
COMMENT ON COLUMN patient_medical.affected_leg IS 'left, right, both or neither.';
COMMENT ON COLUMN patient_medical.diagnosis IS 'In words.';
COMMENT ON COLUMN patient_medical.surgery_date IS 'Of the operation that the treatment follows.';
COMMENT ON COLUMN patient_medical.medication IS 'In words.';
COMMENT ON COLUMN patient_medical.contraindications IS 'Of training or of blood flow restriction, in words.';
COMMENT ON COLUMN patient_medical.remarks IS 'Whatever else matters, in words.';
COMMENT ON COLUMN patient_medical.entered_by IS 'Who wrote it last.';
COMMENT ON COLUMN patient_medical.created_at IS 'When something was first said.';
COMMENT ON COLUMN patient_medical.updated_at IS 'When this row last changed.';
CREATE TRIGGER touch BEFORE UPDATE ON patient_medical FOR EACH ROW EXECUTE FUNCTION app.touch();

-- clinical notes

CREATE TABLE clinical_notes (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    patient_code text REFERENCES patients ON UPDATE CASCADE ON DELETE CASCADE,
    session_id   uuid REFERENCES therapy_sessions ON DELETE CASCADE,
    author       uuid NOT NULL REFERENCES people,
    text         text NOT NULL CHECK (length(text) BETWEEN 1 AND 10000),
    shared       boolean NOT NULL DEFAULT false,
    version      integer NOT NULL DEFAULT 1 CHECK (version > 0),
    written_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    deleted_at   timestamptz,
    CONSTRAINT clinical_notes_about CHECK (num_nonnulls(patient_code, session_id) = 1),
    CONSTRAINT clinical_notes_shared CHECK (NOT shared OR text !~* '\mP[0-9]{3,}\M')
);
CREATE INDEX clinical_notes_patient ON clinical_notes (patient_code, created_at DESC, id DESC) WHERE patient_code IS NOT NULL;
CREATE INDEX clinical_notes_session ON clinical_notes (session_id, created_at DESC, id DESC) WHERE session_id IS NOT NULL;
CREATE INDEX clinical_notes_author ON clinical_notes (author);
COMMENT ON TABLE  clinical_notes IS 'What people write about a patient or one session; earlier versions stand in clinical_note_versions. Never removed: a deleted one is marked.';
COMMENT ON COLUMN clinical_notes.id IS 'The key.';
COMMENT ON COLUMN clinical_notes.patient_code IS 'The patient it is about; null: it is about a session. Not for researchers.';
COMMENT ON COLUMN clinical_notes.session_id IS 'The session it is about; null: it is about a patient.';
COMMENT ON COLUMN clinical_notes.author IS 'Who wrote it, and alone may change it. Not for researchers.';
COMMENT ON COLUMN clinical_notes.text IS 'In their words. For researchers where it is shared; then it names no patient''s code.';
COMMENT ON COLUMN clinical_notes.shared IS 'True: the author shows it to researchers.';
COMMENT ON COLUMN clinical_notes.version IS 'Counts from 1.';
COMMENT ON COLUMN clinical_notes.written_at IS 'When this version was written.';
COMMENT ON COLUMN clinical_notes.created_at IS 'When the first version was written.';
COMMENT ON COLUMN clinical_notes.deleted_at IS 'When the author took it back: then only they and administrators see it. Null: it stands.';

CREATE TABLE clinical_note_versions (
    note_id    uuid NOT NULL REFERENCES clinical_notes ON DELETE CASCADE,
    version    integer NOT NULL,
    text       text NOT NULL,
    shared     boolean NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (note_id, version)
);
COMMENT ON TABLE  clinical_note_versions IS 'Earlier versions of clinical notes, append only; written by a trigger. Not for researchers.';
COMMENT ON COLUMN clinical_note_versions.note_id IS 'The note.';
COMMENT ON COLUMN clinical_note_versions.version IS 'Which version of it.';
COMMENT ON COLUMN clinical_note_versions.text IS 'As it was then.';
COMMENT ON COLUMN clinical_note_versions.shared IS 'Whether it was shown to researchers then.';
COMMENT ON COLUMN clinical_note_versions.written_at IS 'When it was written.';

CREATE FUNCTION app.keep_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    IF OLD.deleted_at IS NOT NULL THEN
        RAISE EXCEPTION 'This note was deleted, so it stays as it is.' USING ERRCODE = 'MG412';
    END IF;
    IF NEW.deleted_at IS NOT NULL THEN
        NEW.deleted_at := clock_timestamp();
    END IF;
    IF (NEW.text, NEW.shared) IS DISTINCT FROM (OLD.text, OLD.shared) THEN
        INSERT INTO public.clinical_note_versions (note_id, version, text, shared, written_at)
        VALUES (OLD.id, OLD.version, OLD.text, OLD.shared, OLD.written_at);
        NEW.version := OLD.version + 1;
        NEW.written_at := clock_timestamp();
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION app.keep_version() IS 'In the transaction that changes a note: nothing of it is overwritten.';
CREATE TRIGGER keep_version BEFORE UPDATE ON clinical_notes FOR EACH ROW EXECUTE FUNCTION app.keep_version();

-- A researcher may call it: keys and pseudonyms, no codes.
CREATE FUNCTION app.shared_notes() RETURNS TABLE (id uuid, pseudonym text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT n.id, p.pseudonym
      FROM public.clinical_notes n
      LEFT JOIN public.therapy_sessions t ON t.id = n.session_id
      JOIN public.patients p ON p.patient_code = COALESCE(n.patient_code, t.patient_id)
     WHERE n.shared AND n.deleted_at IS NULL
       AND p.research_consent AND p.pseudonym IS NOT NULL AND app.acts_as('researcher')
$$;
COMMENT ON FUNCTION app.shared_notes() IS 'The notes that their authors show to the researcher who asks, with the pseudonyms of their patients.';

CREATE FUNCTION app.note_author_ids(notes uuid[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT DISTINCT n.author FROM public.clinical_notes n
     WHERE n.id = ANY (notes)
       AND (app.acts_as('admin') OR n.patient_code IN (SELECT app.my_patients()) OR app.may_write(n.session_id))
$$;
COMMENT ON FUNCTION app.note_author_ids(uuid[]) IS 'Who wrote these notes, for whoever may see them.';

CREATE FUNCTION app.note_authors(notes uuid[]) RETURNS TABLE (id uuid, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT p.id, p.name FROM public.people p WHERE p.id IN (SELECT app.note_author_ids(notes))
$$;
COMMENT ON FUNCTION app.note_authors(uuid[]) IS 'The same with their names.';

-- rights

DO $$
DECLARE
    ours  text;
    other text;
BEGIN
    FOREACH ours IN ARRAY ARRAY['patient_mvc', 'patient_medical', 'clinical_notes', 'clinical_note_versions']
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
GRANT SELECT ON patient_mvc TO myograph_worker;
CREATE POLICY worker ON patient_mvc FOR SELECT TO myograph_worker USING (true);
GRANT SELECT, INSERT (patient_code, side, value, session_id, entered_by, reason, valid_from)
    ON patient_mvc TO myograph_therapist, myograph_admin;
CREATE POLICY own ON patient_mvc FOR SELECT TO myograph_therapist USING (patient_code IN (SELECT app.my_patients()));
CREATE POLICY admin ON patient_mvc FOR SELECT TO myograph_admin USING ((SELECT app.acts_as('admin')));
-- Under one's own name, and from a session of this very patient.
CREATE POLICY own_adds ON patient_mvc FOR INSERT TO myograph_therapist
    WITH CHECK (patient_code IN (SELECT app.my_patients()) AND entered_by = (SELECT app.person())
                AND (session_id IS NULL OR EXISTS (
                     SELECT FROM therapy_sessions s
                      WHERE s.id = patient_mvc.session_id AND s.patient_id = patient_mvc.patient_code)));
CREATE POLICY admin_adds ON patient_mvc FOR INSERT TO myograph_admin
    WITH CHECK ((SELECT app.acts_as('admin')) AND entered_by = (SELECT app.person())
                AND (session_id IS NULL OR EXISTS (
                     SELECT FROM therapy_sessions s
                      WHERE s.id = patient_mvc.session_id AND s.patient_id = patient_mvc.patient_code)));
GRANT SELECT (id, muscle, side, value, session_id, valid_from, created_at) ON patient_mvc TO myograph_researcher;
CREATE POLICY consented ON patient_mvc FOR SELECT TO myograph_researcher
    USING (id IN (SELECT c.id FROM app.consented_mvc() c));

CREATE VIEW research_mvc WITH (security_invoker = true) AS
SELECT m.id, c.pseudonym, m.muscle, m.side, m.value, m.session_id, NULL::uuid AS entered_by, NULL::text AS reason,
       m.valid_from, m.created_at
  FROM patient_mvc m
  JOIN app.consented_mvc() c ON c.id = m.id;
COMMENT ON VIEW research_mvc IS 'Maxima of patients as a researcher sees them.';
GRANT SELECT ON research_mvc TO myograph_researcher;

GRANT SELECT ON patient_medical TO myograph_therapist, myograph_admin;
GRANT INSERT (patient_code, birth_year, sex, height_cm, weight_kg, dominant_leg, affected_leg, diagnosis, surgery_date,
              medication, contraindications, remarks, entered_by),
      UPDATE (birth_year, sex, height_cm, weight_kg, dominant_leg, affected_leg, diagnosis, surgery_date,
              medication, contraindications, remarks, entered_by)
    ON patient_medical TO myograph_therapist, myograph_admin;
CREATE POLICY own ON patient_medical FOR SELECT TO myograph_therapist
    USING (patient_code IN (SELECT app.my_patients()));
CREATE POLICY own_adds ON patient_medical FOR INSERT TO myograph_therapist
    WITH CHECK (patient_code IN (SELECT app.my_patients()) AND entered_by = (SELECT app.person()));
CREATE POLICY own_changes ON patient_medical FOR UPDATE TO myograph_therapist
    USING (patient_code IN (SELECT app.my_patients())) WITH CHECK (entered_by = (SELECT app.person()));
CREATE POLICY admin ON patient_medical FOR SELECT TO myograph_admin USING ((SELECT app.acts_as('admin')));
CREATE POLICY admin_adds ON patient_medical FOR INSERT TO myograph_admin
    WITH CHECK ((SELECT app.acts_as('admin')) AND entered_by = (SELECT app.person()));
CREATE POLICY admin_changes ON patient_medical FOR UPDATE TO myograph_admin
    USING ((SELECT app.acts_as('admin'))) WITH CHECK (entered_by = (SELECT app.person()));

GRANT SELECT ON clinical_notes TO myograph_worker;
CREATE POLICY worker ON clinical_notes FOR SELECT TO myograph_worker USING (true);
GRANT INSERT ON clinical_note_versions TO myograph_worker;
CREATE POLICY worker ON clinical_note_versions TO myograph_worker USING (true);
GRANT SELECT, INSERT (patient_code, session_id, author, text, shared), UPDATE (text, shared, deleted_at)
    ON clinical_notes TO myograph_therapist, myograph_admin;
CREATE POLICY own ON clinical_notes FOR SELECT TO myograph_therapist
    USING ((patient_code IN (SELECT app.my_patients())
            OR EXISTS (SELECT FROM therapy_sessions s WHERE s.id = clinical_notes.session_id))
           AND (deleted_at IS NULL OR author = (SELECT app.person())));
CREATE POLICY own_adds ON clinical_notes FOR INSERT TO myograph_therapist
    WITH CHECK (author = (SELECT app.person())
                AND (patient_code IN (SELECT app.my_patients())
                     OR EXISTS (SELECT FROM therapy_sessions s WHERE s.id = clinical_notes.session_id)));
CREATE POLICY author_changes ON clinical_notes FOR UPDATE TO myograph_therapist
    USING (author = (SELECT app.person())
           AND (patient_code IN (SELECT app.my_patients())
                OR EXISTS (SELECT FROM therapy_sessions s WHERE s.id = clinical_notes.session_id)));
CREATE POLICY admin ON clinical_notes FOR SELECT TO myograph_admin USING ((SELECT app.acts_as('admin')));
CREATE POLICY admin_adds ON clinical_notes FOR INSERT TO myograph_admin
    WITH CHECK ((SELECT app.acts_as('admin')) AND author = (SELECT app.person()));
CREATE POLICY admin_changes_own ON clinical_notes FOR UPDATE TO myograph_admin
    USING ((SELECT app.acts_as('admin')) AND author = (SELECT app.person()));
GRANT SELECT (id, session_id, text, shared, version, written_at, created_at) ON clinical_notes TO myograph_researcher;
CREATE POLICY shared ON clinical_notes FOR SELECT TO myograph_researcher
    USING (id IN (SELECT n.id FROM app.shared_notes() n));
GRANT SELECT ON clinical_note_versions TO myograph_therapist, myograph_admin;
CREATE POLICY with_note ON clinical_note_versions FOR SELECT TO myograph_therapist, myograph_admin
    USING (EXISTS (SELECT FROM clinical_notes n WHERE n.id = clinical_note_versions.note_id));

CREATE VIEW research_notes WITH (security_invoker = true) AS
SELECT n.id, NULL::text AS patient_code, s.pseudonym, n.session_id, NULL::uuid AS author, n.text, n.shared, n.version,
       n.written_at, n.created_at, NULL::timestamptz AS deleted_at
  FROM clinical_notes n
  JOIN app.shared_notes() s ON s.id = n.id;
COMMENT ON VIEW research_notes IS 'Notes as a researcher sees them: those that are shared.';
GRANT SELECT ON research_notes TO myograph_researcher;

-- the record of who did what

DROP TRIGGER audit ON patients;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON patients FOR EACH ROW
    EXECUTE FUNCTION app.audit('patient_code', 'therapist_id treatment_start treatment_end channel_assignment mvc_left_session_id mvc_right_session_id scoring_configuration_id');
DROP TRIGGER audit ON session_settings;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON session_settings FOR EACH ROW
    EXECUTE FUNCTION app.audit('session_id', 'mvc_calculation_method performance_weights targets channel_assignment entered_by scoring_configuration_id');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON patient_mvc FOR EACH ROW
    EXECUTE FUNCTION app.audit('id', 'patient_code muscle side session_id entered_by valid_from');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON patient_medical FOR EACH ROW
    EXECUTE FUNCTION app.audit('patient_code', 'entered_by');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON clinical_notes FOR EACH ROW
    EXECUTE FUNCTION app.audit('id', 'patient_code session_id author deleted_at');

DO $$
DECLARE
    ours text;
BEGIN
    FOREACH ours IN ARRAY ARRAY['rescore_many(uuid[], integer)', 'rescore_patient(text, timestamptz, text)', 'score_patient()',
        'take_claimed(text)', 'refer_to_mvc()', 'consented_mvc()', 'score_site()', 'name_configuration(uuid, text, integer)',
        'keep_version()', 'shared_notes()', 'note_author_ids(uuid[])']
    LOOP
        EXECUTE format('ALTER FUNCTION app.%s OWNER TO myograph_worker', ours);
        EXECUTE format('REVOKE ALL ON FUNCTION app.%s FROM PUBLIC', ours);
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION app.take_claimed(text) TO myograph_admin;
GRANT EXECUTE ON FUNCTION app.name_configuration(uuid, text, integer) TO myograph_therapist, myograph_admin;
GRANT EXECUTE ON FUNCTION app.consented_mvc() TO myograph_researcher;
ALTER FUNCTION app.note_authors(uuid[]) OWNER TO myograph_accounts;
REVOKE ALL ON FUNCTION app.note_authors(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.note_author_ids(uuid[]) TO myograph_accounts;
GRANT EXECUTE ON FUNCTION app.note_authors(uuid[]) TO myograph_therapist, myograph_admin;
GRANT EXECUTE ON FUNCTION app.shared_notes() TO myograph_researcher;
REVOKE CREATE ON SCHEMA app FROM myograph_worker, myograph_accounts;
