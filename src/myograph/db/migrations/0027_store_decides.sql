-- What a sweep saw in the store after we were last told of a name lies there now, though a sender
-- said that something later does: its clock may be ahead, or it told when it sent, not when it stored.

GRANT CREATE ON SCHEMA app TO myograph_worker;

CREATE FUNCTION app.told_at(session uuid) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT max(e.received_at) FROM public.upload_events e
     WHERE e.session_id = told_at.session AND e.outcome IN ('created', 'renamed', 'restored')
$$;
COMMENT ON FUNCTION app.told_at(uuid) IS 'When we were last told where a session''s object lies; null where that is so long ago that nobody knows.';
ALTER FUNCTION app.told_at(uuid) OWNER TO myograph_worker;
REVOKE ALL ON FUNCTION app.told_at(uuid) FROM PUBLIC;

CREATE OR REPLACE FUNCTION app.fate(same uuid, event jsonb) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    known  public.therapy_sessions;
    other  public.therapy_sessions;
    after_ boolean;
    missed boolean;
    -- Whoever looked since says how it is, whatever the clocks of senders say.
    seen   boolean := app.lies_there(event, app.told_at(same));
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
    after_ := COALESCE(app.age(event, other) > 0, false) OR app.lies_there(event, app.told_at(other.id));
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
               AND NOT app.lies_there(event, app.told_at(t.id))
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
REVOKE CREATE ON SCHEMA app FROM myograph_worker;
