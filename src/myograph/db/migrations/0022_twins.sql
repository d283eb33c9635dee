-- Which of several sessions of the same bytes counts: never one that was removed before it was read,
-- and every one of which a person says that it is a session of its own. A sweep that saw a
-- recording under another name is believed. And administrators have many sessions analysed again.

GRANT CREATE ON SCHEMA app TO myograph_worker;

ALTER TABLE session_settings ADD COLUMN own_session boolean;
COMMENT ON COLUMN session_settings.own_session IS 'True: a person says that it is a session of its own, though another has the very same bytes. Null: nobody said.';
GRANT SELECT (own_session) ON session_settings TO myograph_researcher;

CREATE OR REPLACE FUNCTION app.settle_twins(digest text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
    -- The first of the live ones counts; of what lies nowhere any more, the first of all.
    WITH first AS (
        SELECT f.id FROM public.therapy_sessions f WHERE f.file_hash = digest
         ORDER BY f.superseded_by IS NOT NULL OR f.failure_kind IS NOT DISTINCT FROM 'file_gone', f.created_at, f.id LIMIT 1)
    UPDATE public.therapy_sessions t
       SET duplicate_of = k.twin
      FROM (SELECT o.id, CASE WHEN s.own_session IS NOT TRUE THEN NULLIF(first.id, o.id) END AS twin
              FROM first, public.therapy_sessions o
              LEFT JOIN public.session_settings s ON s.session_id = o.id
             WHERE o.file_hash = digest) k
     WHERE t.id = k.id AND t.duplicate_of IS DISTINCT FROM k.twin
$$;

CREATE OR REPLACE FUNCTION app.lock_object(event jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    bucket   text := event ->> 'bucket';
    sessions uuid[];
    one      record;
BEGIN
    -- Two announcements of one name or one object, one after the other; always in the same order.
    FOR one IN
        SELECT DISTINCT hashtextextended(k.key, 0) AS key
          FROM unnest(ARRAY[bucket || '/' || (event ->> 'name'), bucket || '/' || (event ->> 'old_name'),
                            bucket || '#' || (event ->> 'object_id')]) k (key)
         WHERE k.key IS NOT NULL ORDER BY 1
    LOOP
        PERFORM pg_catalog.pg_advisory_xact_lock(one.key);
    END LOOP;
    sessions := ARRAY(SELECT app.sessions_at(event) UNION SELECT app.session_of_object(event));
    sessions := array_remove(sessions, NULL);
    IF cardinality(sessions) = 0 AND NOT event ? 'file_hash' THEN
        RETURN;
    END IF;
    -- As an analysis does: first the bytes, then the rows.
    FOR one IN
        SELECT k.digest
          FROM (SELECT t.file_hash FROM public.therapy_sessions t WHERE t.id = ANY (sessions)
                UNION SELECT event ->> 'file_hash') k (digest)
         WHERE k.digest IS NOT NULL ORDER BY 1
    LOOP
        PERFORM pg_catalog.pg_advisory_xact_lock(hashtextextended(one.digest, 1));
    END LOOP;
    PERFORM FROM public.therapy_sessions t WHERE t.id = ANY (sessions) ORDER BY t.id FOR UPDATE;
END
$$;

CREATE OR REPLACE FUNCTION app.receive_object(event jsonb, OUT session uuid, OUT outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    here    uuid[] := ARRAY(SELECT app.sessions_at(event));
    newer   uuid;
    removed boolean;
BEGIN
    session := app.session_of_object(event);
    PERFORM app.check_owner(event, here || session);
    IF session IS NULL THEN
        removed := app.removed_since(event);
        IF cardinality(here) > 0 THEN
            SELECT t.id INTO newer FROM public.therapy_sessions t
             WHERE t.id = ANY (here) AND t.superseded_by IS NULL
               AND (app.age(event, t) < 0 OR event ->> 'version' = ANY (t.past_versions))
             ORDER BY t.storage_object_id = event ->> 'object_id' DESC NULLS LAST LIMIT 1;
            IF removed AND newer IS NULL THEN
                SELECT t.id INTO newer FROM public.therapy_sessions t
                 WHERE t.id = ANY (here) AND t.superseded_by IS NULL AND t.object_gone_at IS NULL LIMIT 1;
            END IF;
        END IF;
        session := app.add_session(event, newer, removed);
        outcome := CASE WHEN newer IS NOT NULL THEN 'late' WHEN removed THEN 'gone' ELSE 'created' END;
    ELSE
        outcome := app.fate(session, event);
        IF outcome IN ('renamed', 'restored') THEN
            PERFORM app.place(session, event);
        ELSE
            PERFORM app.learn(session, event, outcome = 'duplicate');
        END IF;
        PERFORM app.complete_upload(session, event);
    END IF;
    IF event ? 'file_hash' THEN
        PERFORM app.settle_twins(event ->> 'file_hash');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION app.remove_object(event jsonb, OUT session uuid, OUT outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    known public.therapy_sessions;
BEGIN
    SELECT * INTO known FROM public.therapy_sessions t
     WHERE t.id = ANY (ARRAY(SELECT app.sessions_at(event))) AND t.superseded_by IS NULL
       AND NOT COALESCE(t.storage_object_id <> event ->> 'object_id', false)
     ORDER BY t.storage_object_id = event ->> 'object_id' DESC NULLS LAST LIMIT 1;
    session := known.id;
    outcome := 'gone';
    IF session IS NULL THEN
        RETURN;
    END IF;
    -- An object with an id is gone under whatever name; a name may have been given anew.
    IF (known.storage_object_id = event ->> 'object_id') IS NOT TRUE AND (
            app.age(event, known) < 0
            OR known.storage_etag <> trim('"' FROM event ->> 'etag')
            OR known.storage_object_id IS NULL AND NOT event ? 'object_id' AND known.storage_version <> app.version_of(event))
       OR (event ->> 'seen_at')::timestamptz < known.created_at
    THEN
        outcome := 'late';
        RETURN;
    END IF;
    UPDATE public.therapy_sessions t
       SET object_gone_at = now(),
           stored_at = GREATEST(t.stored_at, (event ->> 'modified_at')::timestamptz),
           storage_sequencer = COALESCE(event ->> 'sequencer', t.storage_sequencer),
           processing_status = CASE t.processing_status WHEN 'reprocessing' THEN 'completed' WHEN 'completed' THEN 'completed' ELSE 'failed' END,
           failure_kind = CASE WHEN t.processing_status IN ('pending', 'processing') THEN 'file_gone' ELSE t.failure_kind END,
           failure_code = CASE WHEN t.processing_status IN ('pending', 'processing') THEN 'object_gone' ELSE t.failure_code END,
           processing_error_message = CASE WHEN t.processing_status IN ('pending', 'processing')
                                           THEN 'The recording was removed from the store before it was read.'
                                           ELSE t.processing_error_message END,
           lease_until = NULL
     WHERE t.id = session AND t.object_gone_at IS NULL;
    IF known.file_hash IS NOT NULL THEN
        PERFORM app.settle_twins(known.file_hash);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION app.fate(same uuid, event jsonb) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    known  public.therapy_sessions;
    other  public.therapy_sessions;
    after_ boolean;
    missed boolean;
    -- Whoever looked since says how it is, whatever the clocks of senders say.
    seen   boolean := app.lies_there(event, (
        SELECT max(e.received_at) FROM public.upload_events e
         WHERE e.session_id = same AND e.outcome IN ('created', 'renamed', 'restored')));
BEGIN
    SELECT * INTO known FROM public.therapy_sessions t WHERE t.id = same;
    -- Nobody said that it was removed: a worker did not find it, too early or under an old name.
    missed := known.object_gone_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM public.upload_events e
         WHERE e.session_id = same AND e.operation = 'removed' AND e.outcome = 'gone');
    IF event ->> 'version' = ANY (known.past_versions) AND NOT seen THEN
        RETURN 'late';
    END IF;
    -- What holds the place now: a later version of this object, else another object of this name.
    SELECT * INTO other FROM public.therapy_sessions t
     WHERE t.id = ANY (ARRAY(SELECT app.sessions_at(event))) AND t.id <> same AND t.superseded_by IS NULL
     ORDER BY t.storage_object_id = event ->> 'object_id' DESC NULLS LAST LIMIT 1;
    after_ := COALESCE(app.age(event, other) > 0, app.lies_there(event, other.created_at));
    IF known.superseded_by IS NULL AND known.object_gone_at IS NULL AND known.file_path = event ->> 'name' THEN
        RETURN 'duplicate';
    ELSIF app.removed_since(event) THEN
        RETURN 'late';
    ELSIF known.object_gone_at IS NOT NULL AND NOT missed THEN
        -- A version that is gone comes back by a mistake of ours; the same bytes may be stored again.
        RETURN CASE WHEN other.id IS NOT NULL AND NOT after_ THEN 'late'
                    WHEN app.lies_there(event, known.object_gone_at) THEN 'restored'
                    WHEN NOT event ? 'version' AND app.age(event, known) > 0 THEN 'restored'
                    ELSE 'late' END;
    ELSIF app.age(event, known) < 0 AND NOT seen THEN
        RETURN 'late';
    ELSIF known.file_path = event ->> 'name' THEN
        RETURN CASE WHEN missed AND other.id IS NULL OR after_ THEN 'restored' ELSE 'duplicate' END;
    ELSIF other.id IS NOT NULL AND NOT after_
          AND (app.age(event, other) < 0 OR other.storage_object_id = known.storage_object_id) THEN
        RETURN 'late';
    END IF;
    RETURN 'renamed';
END
$$;

CREATE FUNCTION app.count_as_own(session uuid, own boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    digest text := (SELECT t.file_hash FROM public.therapy_sessions t WHERE t.id = session);
BEGIN
    -- As an analysis does: first the bytes, then the rows.
    PERFORM pg_catalog.pg_advisory_xact_lock(hashtextextended(digest, 1));
    PERFORM app.writable(session);
    INSERT INTO public.session_settings (session_id, own_session, entered_by) VALUES (session, own, app.person())
    ON CONFLICT (session_id) DO UPDATE SET own_session = excluded.own_session, entered_by = excluded.entered_by;
    PERFORM app.settle_twins(digest);
    PERFORM app.score_again(session);
END
$$;
COMMENT ON FUNCTION app.count_as_own(uuid, boolean) IS 'Whether a session counts though another has the same bytes, as a person says; null takes that back.';
ALTER FUNCTION app.count_as_own(uuid, boolean) OWNER TO myograph_worker;
REVOKE ALL ON FUNCTION app.count_as_own(uuid, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.count_as_own(uuid, boolean) TO myograph_therapist, myograph_admin;

CREATE FUNCTION app.reprocess_chosen(sessions uuid[]) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    jobs bigint[];
BEGIN
    IF NOT app.acts_as('admin') THEN
        RAISE EXCEPTION 'Only an administrator may have many sessions analysed again.' USING ERRCODE = 'MG403';
    END IF;
    jobs := app.reprocess_many(ARRAY(SELECT t.id FROM public.therapy_sessions t WHERE t.id = ANY (sessions)));
    PERFORM app.note('reprocess', 'therapy_sessions', NULL, jsonb_build_object('sessions', COALESCE(cardinality(jobs), 0)));
    RETURN COALESCE(jobs, '{}');
END
$$;
COMMENT ON FUNCTION app.reprocess_chosen(uuid[]) IS 'app.reprocess_many, as an administrator asks for it.';
ALTER FUNCTION app.reprocess_chosen(uuid[]) OWNER TO myograph_worker;
REVOKE ALL ON FUNCTION app.reprocess_chosen(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.reprocess_chosen(uuid[]) TO myograph_admin;
REVOKE CREATE ON SCHEMA app FROM myograph_worker;

-- What was settled by the older rule.
SELECT app.settle_twins(t.file_hash)
  FROM (SELECT DISTINCT file_hash FROM therapy_sessions WHERE failure_kind = 'file_gone' AND file_hash IS NOT NULL) t;
