-- Researchers read nothing that somebody typed: neither into a form nor into a file. Of labels and
-- muscles they see the usual, of texts that name a channel the text with its place instead. And
-- which other session has the same bytes is seen by whoever may see that session.

GRANT CREATE ON SCHEMA app TO myograph_worker;

-- what may be shown of a name

CREATE FUNCTION app.known_muscle(name text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN lower(name) IN (
    'quadriceps', 'rectus femoris', 'vastus lateralis', 'vastus medialis', 'vastus medialis obliquus',
    'vastus intermedius', 'hamstrings', 'biceps femoris', 'semitendinosus', 'semimembranosus',
    'gluteus maximus', 'gluteus medius', 'gluteus minimus', 'tensor fasciae latae', 'iliopsoas',
    'sartorius', 'gracilis', 'adductors', 'adductor longus', 'adductor magnus', 'tibialis anterior',
    'extensor digitorum longus', 'peroneus longus', 'peroneus brevis', 'triceps surae',
    'gastrocnemius', 'gastrocnemius medialis', 'gastrocnemius lateralis', 'soleus', 'tibialis posterior'
) THEN lower(name) END;
COMMENT ON FUNCTION app.known_muscle(text) IS 'The muscle as it is usually named; null for any other name. The list is that of the program.';

CREATE FUNCTION app.shown_label(label text, place integer) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN label ~ '^CH[0-9]{1,2}$' THEN label
            ELSE COALESCE('channel ' || place::text, 'another channel') END;
COMMENT ON FUNCTION app.shown_label(text, integer) IS 'CH1 and the like as they are; of another label its place among the channels, since somebody named it; where that is not known: another channel.';

CREATE FUNCTION app.shown_labels(labels text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE
RETURN (SELECT array_agg(CASE WHEN l.label ~ '^CH[0-9]{1,2} (Raw|activated)$' THEN l.label
                              ELSE app.shown_label(l.label, l.place::integer) END ORDER BY l.place)
          FROM unnest(labels) WITH ORDINALITY l (label, place));
COMMENT ON FUNCTION app.shown_labels(text[]) IS 'The same of all channels of a file; those of the game as they are.';

CREATE FUNCTION app.usual_labels(labels text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE
RETURN ARRAY(SELECT l.label FROM unnest(labels) WITH ORDINALITY l (label, place)
              WHERE l.label ~ '^CH[0-9]{1,2}$' ORDER BY l.place);
COMMENT ON FUNCTION app.usual_labels(text[]) IS 'Those of the labels that are shown as they are.';

CREATE FUNCTION app.shown_assignment(assignment jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN jsonb_typeof(assignment) = 'object' THEN (
    SELECT COALESCE(jsonb_object_agg(a.key, jsonb_build_object(
                        'muscle', app.known_muscle(a.value ->> 'muscle'),
                        'side', CASE WHEN a.value ->> 'side' IN ('left', 'right') THEN a.value ->> 'side' END)), '{}')
      FROM jsonb_each(assignment) a
     WHERE a.key ~ '^CH[0-9]{1,2}$') END;
COMMENT ON FUNCTION app.shown_assignment(jsonb) IS 'A channel assignment without channels of another label than the usual, and without muscles of another name.';

CREATE FUNCTION app.shown_cache(cache jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN cache || CASE WHEN jsonb_typeof(cache -> 'muscles') = 'array' THEN jsonb_build_object('muscles', (
    SELECT COALESCE(jsonb_agg(m.muscle || jsonb_build_object(
                        'label', CASE WHEN m.muscle ->> 'label' ~ '^CH[0-9]{1,2}$' THEN m.muscle ->> 'label' ELSE 'channel' END,
                        'muscle', app.known_muscle(m.muscle ->> 'muscle')) ORDER BY m.place), '[]')
      FROM jsonb_array_elements(cache -> 'muscles') WITH ORDINALITY m (muscle, place))) ELSE '{}' END;
COMMENT ON FUNCTION app.shown_cache(jsonb) IS 'What a list row shows, its channels and muscles by their usual names.';

CREATE FUNCTION app.renamed(said text, label text, shown text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN label = shown OR label = '' THEN said
            ELSE regexp_replace(said, '(?<!\w)' || regexp_replace(label, '(\W)', '\\\1', 'g') || '(?!\w)', shown, 'g') END;
COMMENT ON FUNCTION app.renamed(text, text, text) IS 'A sentence with a channel as it is shown.';

CREATE FUNCTION app.renamed(said text[], label text, shown text) RETURNS text[]
LANGUAGE sql IMMUTABLE
RETURN ARRAY(SELECT app.renamed(s.sentence, label, shown) FROM unnest(said) WITH ORDINALITY s (sentence, place) ORDER BY s.place);
COMMENT ON FUNCTION app.renamed(text[], text, text) IS 'The same of several sentences.';

-- what is shown, beside what was written: it follows by itself and cannot be anything else

ALTER TABLE emg_statistics
    ADD COLUMN shown_channel           text GENERATED ALWAYS AS (app.shown_label(channel_name, channel_number)) STORED,
    ADD COLUMN shown_muscle            text GENERATED ALWAYS AS (app.known_muscle(muscle)) STORED,
    ADD COLUMN shown_compliance_reason text GENERATED ALWAYS AS
        (app.renamed(compliance_reason, channel_name, app.shown_label(channel_name, channel_number))) STORED,
    ADD COLUMN shown_fatigue_reason    text GENERATED ALWAYS AS
        (app.renamed(fatigue_reason, channel_name, app.shown_label(channel_name, channel_number))) STORED,
    ADD COLUMN shown_quality_reasons   text[] NOT NULL GENERATED ALWAYS AS
        (app.renamed(quality_reasons, channel_name, app.shown_label(channel_name, channel_number))) STORED;
COMMENT ON COLUMN emg_statistics.shown_channel IS 'channel_name for researchers: CH1 and the like, else its place, channel 2.';
COMMENT ON COLUMN emg_statistics.shown_muscle IS 'muscle for researchers: null unless it is a muscle that we know.';
COMMENT ON COLUMN emg_statistics.shown_compliance_reason IS 'compliance_reason for researchers.';
COMMENT ON COLUMN emg_statistics.shown_fatigue_reason IS 'fatigue_reason for researchers.';
COMMENT ON COLUMN emg_statistics.shown_quality_reasons IS 'quality_reasons for researchers.';

ALTER TABLE contractions
    ADD COLUMN channel_number integer,
    ADD COLUMN shown_channel  text GENERATED ALWAYS AS (app.shown_label(channel, channel_number)) STORED;
ALTER TABLE contraction_edits
    ADD COLUMN channel_number integer,
    ADD COLUMN shown_channel  text GENERATED ALWAYS AS (app.shown_label(channel, channel_number)) STORED;
COMMENT ON COLUMN contractions.channel_number IS 'Place of a channel whose label is none of CH1 and the like; else null.';
COMMENT ON COLUMN contractions.shown_channel IS 'channel for researchers, as in emg_statistics.';
COMMENT ON COLUMN contraction_edits.channel_number IS 'Place of a channel whose label is none of CH1 and the like; null where it was never measured, and else.';
COMMENT ON COLUMN contraction_edits.shown_channel IS 'channel for researchers, as in emg_statistics.';

ALTER TABLE c3d_technical_data
    ADD COLUMN shown_channel_names text[],
    ADD COLUMN shown_emg_labels    text[];
COMMENT ON COLUMN c3d_technical_data.shown_channel_names IS 'channel_names for researchers: the usual labels, else the place in this list.';
COMMENT ON COLUMN c3d_technical_data.shown_emg_labels IS 'emg_labels for researchers, as in emg_statistics.';

ALTER TABLE patients
    ADD COLUMN shown_assignment jsonb GENERATED ALWAYS AS (app.shown_assignment(channel_assignment)) STORED;
ALTER TABLE session_settings
    ADD COLUMN shown_assignment    jsonb GENERATED ALWAYS AS (app.shown_assignment(channel_assignment)) STORED,
    ADD COLUMN shown_poor_channels text[] NOT NULL GENERATED ALWAYS AS (app.usual_labels(accepted_poor_channels)) STORED;
COMMENT ON COLUMN patients.shown_assignment IS 'channel_assignment for researchers: channels of usual labels alone; emg_statistics says muscle and side of every one.';
COMMENT ON COLUMN session_settings.shown_assignment IS 'channel_assignment for researchers, as in patients.';
COMMENT ON COLUMN session_settings.shown_poor_channels IS 'accepted_poor_channels for researchers: those of usual labels.';

ALTER TABLE therapy_sessions
    ADD COLUMN shown_cache jsonb GENERATED ALWAYS AS (app.shown_cache(analytics_cache)) STORED,
    ADD COLUMN duplicate   boolean NOT NULL GENERATED ALWAYS AS (duplicate_of IS NOT NULL) STORED;
COMMENT ON COLUMN therapy_sessions.shown_cache IS 'analytics_cache for researchers: a channel that somebody named is "channel", and its muscle null unless we know it.';
COMMENT ON COLUMN therapy_sessions.duplicate IS 'An earlier session has the very same bytes; duplicate_of says which, app.seen_twin to whoever may know.';
COMMENT ON COLUMN therapy_sessions.duplicate_of IS 'An earlier session with the very same bytes. Counts in no dose, trend or study. For administrators; see app.seen_twin.';
COMMENT ON COLUMN therapy_sessions.cache_hits IS 'How often stored results were used again instead of measuring. For administrators; see app.seen_hits.';

ALTER TABLE performance_scores ADD COLUMN shown_reasons jsonb;
ALTER TABLE contraction_edit_outcomes ADD COLUMN shown_sentence text;
COMMENT ON COLUMN performance_scores.shown_reasons IS 'missing_reasons for researchers, with channels as in emg_statistics.';
COMMENT ON COLUMN contraction_edit_outcomes.shown_sentence IS 'sentence for researchers, with channels as in emg_statistics.';

ALTER TABLE scoring_configuration
    ADD COLUMN preset     boolean NOT NULL GENERATED ALWAYS AS (author IS NULL) STORED,
    ADD COLUMN shown_name text NOT NULL GENERATED ALWAYS AS (CASE WHEN author IS NULL THEN name ELSE id END) STORED;
COMMENT ON COLUMN scoring_configuration.preset IS 'It came with the program.';
COMMENT ON COLUMN scoring_configuration.shown_name IS 'name for researchers: that of a preset, else the id.';
COMMENT ON COLUMN scoring_configuration.name IS 'As shown on pages. Names no patient. For researchers only of presets.';
COMMENT ON COLUMN scoring_configuration.reason IS 'Why it was made. Names no patient. Not for researchers.';
COMMENT ON COLUMN scoring_configuration.author IS 'Who made this version; null: it came with the program. Not for researchers.';
COMMENT ON COLUMN emg_statistics.muscle IS 'By the channel assignment; null while unassigned. Not for researchers; see shown_muscle.';
COMMENT ON COLUMN patients.channel_assignment IS '{"CH1": {"muscle": "quadriceps", "side": "left"}}: used where a session has none of its own. A muscle is one that app.known_muscle knows; other names are older than that rule.';

-- where another row is asked, or rows are written whole, it is done as the row is written

CREATE FUNCTION app.show_labels() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    NEW.shown_channel_names := app.shown_labels(NEW.channel_names);
    NEW.shown_emg_labels := app.shown_labels(NEW.emg_labels);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION app.show_labels() IS 'Trigger: the channels of a file, for researchers.';
CREATE TRIGGER show_labels BEFORE INSERT OR UPDATE ON c3d_technical_data FOR EACH ROW
    EXECUTE FUNCTION app.show_labels();

CREATE FUNCTION app.number_channel() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    NEW.channel_number := (
        SELECT e.channel_number FROM public.emg_statistics e
         WHERE e.session_id = NEW.session_id AND e.channel_name = NEW.channel);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION app.number_channel() IS 'Trigger: the place of a channel that is shown by it.';
CREATE TRIGGER number_channel BEFORE INSERT ON contractions FOR EACH ROW
    WHEN (NEW.channel !~ '^CH[0-9]{1,2}$') EXECUTE FUNCTION app.number_channel();
CREATE TRIGGER number_channel BEFORE INSERT ON contraction_edits FOR EACH ROW
    WHEN (NEW.channel !~ '^CH[0-9]{1,2}$') EXECUTE FUNCTION app.number_channel();

CREATE FUNCTION app.shown_text(session uuid, said text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    one record;
BEGIN
    -- The longest first: "Anna left" is not "Anna" and something more.
    FOR one IN
        SELECT l.label, l.shown
          FROM (SELECT e.channel_name, e.shown_channel
                  FROM public.emg_statistics e
                 WHERE e.session_id = session AND e.channel_name <> e.shown_channel
                 UNION
                SELECT c.channel, app.shown_label(c.channel, NULL)
                  FROM public.contraction_edits c
                 WHERE c.session_id = session AND c.channel !~ '^CH[0-9]{1,2}$'
                   AND NOT EXISTS (SELECT FROM public.emg_statistics e
                                    WHERE e.session_id = session AND e.channel_name = c.channel)) l (label, shown)
         ORDER BY length(l.label) DESC, l.label
    LOOP
        said := app.renamed(said, one.label, one.shown);
    END LOOP;
    RETURN said;
END
$$;
COMMENT ON FUNCTION app.shown_text(uuid, text) IS 'A sentence about a session with its channels as they are shown.';

CREATE FUNCTION app.show_reasons() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    NEW.shown_reasons := (
        SELECT COALESCE(jsonb_object_agg(r.key, app.shown_text(NEW.session_id, r.value)), '{}')
          FROM jsonb_each_text(NEW.missing_reasons) r);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION app.show_reasons() IS 'Trigger: why scores are missing, for researchers.';
CREATE TRIGGER show_reasons BEFORE INSERT OR UPDATE ON performance_scores FOR EACH ROW
    EXECUTE FUNCTION app.show_reasons();

CREATE FUNCTION app.show_sentence() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
    NEW.shown_sentence := app.shown_text(NEW.session_id, NEW.sentence);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION app.show_sentence() IS 'Trigger: what became of an edit, for researchers.';
CREATE TRIGGER show_sentence BEFORE INSERT OR UPDATE ON contraction_edit_outcomes FOR EACH ROW
    WHEN (NEW.sentence IS NOT NULL) EXECUTE FUNCTION app.show_sentence();

-- new names of muscles are of the list; an older one stays until somebody corrects it

CREATE FUNCTION app.check_muscles() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    older jsonb := '{}';
    wrong text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        older := COALESCE(OLD.channel_assignment, '{}');
    END IF;
    -- A session that gets its own begins with its patient's.
    IF TG_TABLE_NAME = 'session_settings' THEN
        older := older || COALESCE((
            SELECT p.channel_assignment
              FROM public.therapy_sessions t JOIN public.patients p ON p.patient_code = t.patient_id
             WHERE t.id = NEW.session_id), '{}');
    END IF;
    SELECT a.value ->> 'muscle' INTO wrong
      FROM jsonb_each(NEW.channel_assignment) a
     WHERE app.known_muscle(a.value ->> 'muscle') IS NULL AND a.value ->> 'muscle' IS NOT NULL
       AND NOT EXISTS (SELECT FROM jsonb_each(older) o WHERE o.value -> 'muscle' = a.value -> 'muscle')
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'We know no muscle %.', quote_literal(left(wrong, 100)) USING ERRCODE = 'MG400';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION app.check_muscles() IS 'Trigger: a muscle that is assigned is one that we know, or stood there before.';
CREATE TRIGGER check_muscles BEFORE INSERT OR UPDATE OF channel_assignment ON patients FOR EACH ROW
    WHEN (NEW.channel_assignment IS NOT NULL) EXECUTE FUNCTION app.check_muscles();
CREATE TRIGGER check_muscles BEFORE INSERT OR UPDATE OF channel_assignment ON session_settings FOR EACH ROW
    WHEN (NEW.channel_assignment IS NOT NULL) EXECUTE FUNCTION app.check_muscles();

-- which other session has the same bytes

CREATE FUNCTION app.may_see(session uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT app.may_write(session) OR EXISTS (
        SELECT FROM public.therapy_sessions t
         WHERE t.id = session AND t.pseudonym IN (SELECT app.consented_pseudonyms()))
$$;
COMMENT ON FUNCTION app.may_see(uuid) IS 'Whether the session is one that the person who asks may see.';

CREATE FUNCTION app.seen_twin(session uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT t.duplicate_of FROM public.therapy_sessions t
     WHERE t.id = session
       AND (pg_has_role(session_user, 'myograph_worker', 'USAGE')
            OR (app.may_see(t.id) AND app.may_see(t.duplicate_of)))
$$;
COMMENT ON FUNCTION app.seen_twin(uuid) IS 'The earlier session with the very same bytes, for whoever may see both.';

CREATE FUNCTION app.seen_twins(session uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT o.id
      FROM public.therapy_sessions t
      JOIN public.therapy_sessions o
        ON o.id <> t.id AND (o.id = t.duplicate_of OR o.duplicate_of = t.duplicate_of OR o.duplicate_of = t.id)
     WHERE t.id = session AND app.may_see(t.id) AND app.may_see(o.id)
     ORDER BY o.created_at, o.id
     LIMIT 100
$$;
COMMENT ON FUNCTION app.seen_twins(uuid) IS 'All others with the very same bytes, the oldest first, as far as whoever asks may see them.';

CREATE FUNCTION app.seen_hits(session uuid) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT t.cache_hits FROM public.therapy_sessions t
     WHERE t.id = session AND (pg_has_role(session_user, 'myograph_worker', 'USAGE') OR app.acts_as('admin'))
$$;
COMMENT ON FUNCTION app.seen_hits(uuid) IS 'How often the stored results of a session were used again, for administrators: others may not see all who used them.';

DO $$
DECLARE
    ours text;
BEGIN
    FOREACH ours IN ARRAY ARRAY['show_labels()', 'number_channel()', 'shown_text(uuid, text)', 'show_reasons()', 'show_sentence()',
        'check_muscles()', 'may_see(uuid)', 'seen_twin(uuid)', 'seen_twins(uuid)', 'seen_hits(uuid)']
    LOOP
        EXECUTE format('ALTER FUNCTION app.%s OWNER TO myograph_worker', ours);
        EXECUTE format('REVOKE ALL ON FUNCTION app.%s FROM PUBLIC', ours);
    END LOOP;
    FOREACH ours IN ARRAY ARRAY['known_muscle(text)', 'shown_label(text, integer)', 'shown_labels(text[])',
        'usual_labels(text[])', 'shown_assignment(jsonb)', 'shown_cache(jsonb)', 'renamed(text, text, text)',
        'renamed(text[], text, text)']
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION app.%s FROM PUBLIC', ours);
        EXECUTE format('GRANT EXECUTE ON FUNCTION app.%s TO myograph_worker, myograph_therapist, myograph_admin', ours);
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION app.seen_twin(uuid), app.seen_twins(uuid), app.seen_hits(uuid)
    TO myograph_therapist, myograph_researcher, myograph_admin;

-- what is stored already; the owner of the tables sees no row of them

GRANT UPDATE (channel_number) ON contraction_edits TO myograph_worker;
GRANT UPDATE (sentence) ON contraction_edit_outcomes TO myograph_worker;
SET LOCAL ROLE myograph_worker;
UPDATE public.contractions c SET channel_number = e.channel_number
  FROM public.emg_statistics e
 WHERE (e.session_id, e.channel_name) = (c.session_id, c.channel) AND e.channel_name <> e.shown_channel;
UPDATE public.contraction_edits c SET channel_number = e.channel_number
  FROM public.emg_statistics e
 WHERE (e.session_id, e.channel_name) = (c.session_id, c.channel) AND e.channel_name <> e.shown_channel;
UPDATE public.c3d_technical_data SET channel_names = channel_names;
UPDATE public.performance_scores SET missing_reasons = missing_reasons;
UPDATE public.contraction_edit_outcomes SET sentence = sentence WHERE sentence IS NOT NULL;
-- A name that is no column's says nothing; who could write SQL could leave one here.
UPDATE public.session_settings s SET entered = ARRAY(
           SELECT e.name FROM unnest(s.entered) WITH ORDINALITY e (name, place)
            WHERE to_jsonb(s) ? e.name ORDER BY e.place)
 WHERE NOT to_jsonb(s) ?& s.entered;
RESET ROLE;
REVOKE UPDATE (channel_number) ON contraction_edits FROM myograph_worker;
REVOKE UPDATE (sentence) ON contraction_edit_outcomes FROM myograph_worker;
ALTER TABLE session_settings ADD CONSTRAINT session_settings_entered CHECK (entered <@ ARRAY[
    'mvc_calculation_method', 'mvc_threshold_percentage', 'mvc_user_left_quad', 'mvc_user_right_quad',
    'performance_weights', 'duration_threshold_seconds', 'duration_threshold_left_quad',
    'duration_threshold_right_quad', 'targets', 'target_contractions_per_muscle',
    'rest_period_between_contractions_seconds', 'rest_period_between_sets_seconds', 'bfr_enabled',
    'bfr_target_pressure_aop', 'game_difficulty_level', 'game_points_maximum', 'visual_feedback_enabled',
    'audio_feedback_enabled', 'real_time_mvc_display', 'rpe_post_session', 'accepted_poor_channels']);

-- columns by grant: what was written is for those who treat, what is shown for all

DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT w.relation, w.role, w.hidden, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
          FROM (VALUES
               ('emg_statistics', 'myograph_researcher', ARRAY['channel_name', 'muscle', 'compliance_reason', 'fatigue_reason', 'quality_reasons']),
               ('contractions', 'myograph_researcher', ARRAY['channel']),
               ('c3d_technical_data', 'myograph_researcher', ARRAY['channel_names', 'emg_labels']),
               ('performance_scores', 'myograph_researcher', ARRAY['missing_reasons']),
               ('contraction_edit_outcomes', 'myograph_researcher', ARRAY['sentence']),
               ('scoring_configuration', 'myograph_researcher', ARRAY['name', 'author', 'reason']),
               ('therapy_sessions', 'myograph_therapist', ARRAY['duplicate_of', 'cache_hits'])) w (relation, role, hidden)
          JOIN pg_attribute a ON a.attrelid = w.relation::regclass AND a.attnum > 0 AND NOT a.attisdropped
           AND a.attname <> ALL (w.hidden)
         GROUP BY w.relation, w.role, w.hidden
    LOOP
        EXECUTE format('REVOKE SELECT ON %I FROM %I', one.relation, one.role);
        EXECUTE format('GRANT SELECT (%s) ON %I TO %I', one.columns, one.relation, one.role);
    END LOOP;
END
$$;
REVOKE SELECT (channel) ON contraction_edits FROM myograph_researcher;
GRANT SELECT (shown_channel) ON contraction_edits TO myograph_researcher;
REVOKE SELECT (channel_assignment) ON patients FROM myograph_researcher;
GRANT SELECT (shown_assignment) ON patients TO myograph_researcher;
REVOKE SELECT (channel_assignment, accepted_poor_channels) ON session_settings FROM myograph_researcher;
GRANT SELECT (shown_assignment, shown_poor_channels) ON session_settings TO myograph_researcher;
REVOKE SELECT (analytics_cache, duplicate_of, cache_hits) ON therapy_sessions FROM myograph_researcher;
GRANT SELECT (shown_cache, duplicate) ON therapy_sessions TO myograph_researcher;

-- views: the tables for research, each column by its usual name

DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT w.view, w.relation, w.said, string_agg(
                   CASE WHEN w.shown ? a.attname
                        THEN format('%I AS %I', w.shown ->> a.attname::text, a.attname)
                        ELSE quote_ident(a.attname) END, ', ' ORDER BY a.attnum) AS columns
          FROM (VALUES
               ('research_statistics', 'emg_statistics', 'Statistics of channels as a researcher sees them.',
                '{"channel_name": "shown_channel", "muscle": "shown_muscle",
                  "compliance_reason": "shown_compliance_reason", "fatigue_reason": "shown_fatigue_reason",
                  "quality_reasons": "shown_quality_reasons"}'::jsonb),
               ('research_contractions', 'contractions', 'Contractions as a researcher sees them.',
                '{"channel": "shown_channel"}'),
               ('research_technical', 'c3d_technical_data', 'What files say of themselves, as a researcher sees it.',
                '{"channel_names": "shown_channel_names", "emg_labels": "shown_emg_labels"}'),
               ('research_scores', 'performance_scores', 'Scores as a researcher sees them.',
                '{"missing_reasons": "shown_reasons"}'),
               ('research_settings', 'session_settings', 'What people said of sessions, as a researcher sees it.',
                '{"channel_assignment": "shown_assignment", "accepted_poor_channels": "shown_poor_channels"}'),
               ('research_configurations', 'scoring_configuration', 'Configurations as a researcher sees them.',
                '{"name": "shown_name"}')) w (view, relation, said, shown)
          JOIN pg_attribute a ON a.attrelid = w.relation::regclass AND a.attnum > 0 AND NOT a.attisdropped
         WHERE (w.shown ? a.attname::text
                OR has_column_privilege('myograph_researcher', a.attrelid, a.attnum, 'SELECT'))
           AND NOT EXISTS (SELECT FROM jsonb_each_text(w.shown) s WHERE s.value = a.attname)
         GROUP BY w.view, w.relation, w.said
    LOOP
        EXECUTE format('CREATE VIEW %I WITH (security_invoker = true) AS SELECT %s FROM %I',
                       one.view, one.columns, one.relation);
        EXECUTE format('COMMENT ON VIEW %I IS %L', one.view, one.said);
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', one.view);
        EXECUTE format('GRANT SELECT ON %I TO myograph_therapist, myograph_researcher, myograph_admin', one.view);
    END LOOP;
END
$$;

CREATE OR REPLACE VIEW research_patients WITH (security_invoker = true) AS
SELECT NULL::text AS patient_code, pseudonym, NULL::uuid AS therapist_id, research_consent, treatment_start,
       shown_assignment AS channel_assignment, target_contractions_per_muscle, mvc_left_quad, mvc_right_quad,
       treatment_end, mvc_threshold_percentage, duration_threshold_seconds, NULL::timestamptz AS created_at,
       NULL::timestamptz AS updated_at, scoring_configuration_id, scoring_configuration_version
  FROM patients;

CREATE OR REPLACE VIEW research_sessions WITH (security_invoker = true) AS
SELECT id, NULL::text AS session_id, NULL::text AS patient_id, pseudonym, NULL::text AS claimed_patient_code,
       NULL::text AS patient_finding, NULL::text AS file_path, NULL::text AS storage_bucket,
       NULL::text AS storage_version, NULL::text AS storage_etag, file_hash, file_size_bytes,
       started_local, session_date, session_type, protocol_day, NULL::jsonb AS game_metadata,
       NULL::jsonb AS findings,
       NULL::jsonb AS analysis_findings, processing_status, processing_version, failure_kind, failure_code,
       NULL::text AS processing_error_message, processing_time_ms, recovered, object_gone_at,
       superseded_by, CASE WHEN duplicate THEN app.seen_twin(id) END AS duplicate_of,
       shown_cache AS analytics_cache, NULL::integer AS cache_hits, attempt, tries,
       changed_xid, created_at, processed_at, updated_at, sorted_at, duplicate
  FROM therapy_sessions;

-- Whoever may know them sees these two in it, and others null.
DO $$
BEGIN
    EXECUTE (
        SELECT 'CREATE OR REPLACE VIEW therapy_sessions_with_technical WITH (security_invoker = true) AS SELECT '
               || string_agg(CASE a.attname
                                 WHEN 'duplicate_of' THEN 'CASE WHEN s.duplicate THEN app.seen_twin(s.id) END AS duplicate_of'
                                 WHEN 'cache_hits' THEN 'app.seen_hits(s.id) AS cache_hits'
                                 ELSE CASE WHEN EXISTS (SELECT FROM pg_attribute o
                                                         WHERE o.attrelid = 'therapy_sessions'::regclass AND o.attname = a.attname)
                                           THEN 's.' ELSE 't.' END
                                      || quote_ident(a.attname) END, ', ' ORDER BY a.attnum)
               || ', s.duplicate FROM therapy_sessions s LEFT JOIN c3d_technical_data t ON t.session_id = s.id'
          FROM pg_attribute a
         WHERE a.attrelid = 'therapy_sessions_with_technical'::regclass AND a.attnum > 0 AND NOT a.attisdropped);
END
$$;
REVOKE CREATE ON SCHEMA app FROM myograph_worker;
