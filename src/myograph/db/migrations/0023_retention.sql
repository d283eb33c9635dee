-- What is over is kept for as long as the settings say, and removed by the worker a few rows at a time.

GRANT CREATE ON SCHEMA app TO myograph_accounts;
GRANT DELETE ON api_tokens TO myograph_accounts;

-- The worker does it now for everybody, and not only for whoever comes again.
CREATE OR REPLACE FUNCTION app.begin_sign_in(person uuid, lasts_s double precision) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
    begun uuid;
BEGIN
    INSERT INTO public.sign_ins (person_id, until)
    SELECT p.id, clock_timestamp() + make_interval(secs => lasts_s)
      FROM public.people p WHERE p.id = person AND p.active
       FOR SHARE  -- whoever is being switched off at this moment does not slip in
    RETURNING id INTO begun;
    IF begun IS NOT NULL THEN
        PERFORM app.note_sign_in(person, 'sign_in');
    END IF;
    RETURN begun;
END
$$;

CREATE FUNCTION app.forget_sign_ins(days integer, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
    WITH gone AS (
        DELETE FROM public.sign_ins s
         WHERE s.id IN (SELECT o.id FROM public.sign_ins o
                         WHERE LEAST(o.ended_at, o.until) < now() - make_interval(days => days) LIMIT most)
        RETURNING 1)
    SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION app.forget_sign_ins(integer, integer) IS 'Delete sign-ins that ended so long ago, so many at most; how many there were.';

CREATE FUNCTION app.forget_links(days integer, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
    WITH gone AS (
        DELETE FROM public.welcome_links w
         WHERE w.secret_hash IN (SELECT o.secret_hash FROM public.welcome_links o
                                  WHERE LEAST(o.used_at, o.expires_at) < now() - make_interval(days => days) LIMIT most)
        RETURNING 1)
    SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION app.forget_links(integer, integer) IS 'Delete links that were used or ran out so long ago, so many at most; how many there were.';

CREATE FUNCTION app.forget_tokens(days integer, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$
    WITH gone AS (
        DELETE FROM public.api_tokens t
         WHERE t.id IN (SELECT o.id FROM public.api_tokens o
                         WHERE LEAST(o.revoked_at, o.expires_at) < now() - make_interval(days => days) LIMIT most)
        RETURNING 1)
    SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION app.forget_tokens(integer, integer) IS 'Delete tokens that were revoked or ran out so long ago, so many at most; how many there were. The record of who did what names them.';

DO $$
DECLARE
    ours text;
BEGIN
    FOREACH ours IN ARRAY ARRAY['forget_sign_ins(integer, integer)', 'forget_links(integer, integer)',
        'forget_tokens(integer, integer)']
    LOOP
        EXECUTE format('ALTER FUNCTION app.%s OWNER TO myograph_accounts', ours);
        EXECUTE format('REVOKE ALL ON FUNCTION app.%s FROM PUBLIC', ours);
        EXECUTE format('GRANT EXECUTE ON FUNCTION app.%s TO myograph_worker', ours);
    END LOOP;
END
$$;
REVOKE CREATE ON SCHEMA app FROM myograph_accounts;

-- Deliveries and the rest the worker may delete itself.
DROP FUNCTION app.forget_events(interval);

COMMENT ON TABLE upload_events IS 'Every announcement of an object, once; kept for MYOGRAPH_RETAIN_EVENTS_DAYS.';
COMMENT ON TABLE storage_outbox IS 'Changes of objects, written in the transaction that made them; settled by the sweep, and kept for MYOGRAPH_RETAIN_EVENTS_DAYS from then on.';
COMMENT ON TABLE outgoing_events IS 'What was or is to be told, and what became of it. Settled ones are kept for MYOGRAPH_RETAIN_EVENTS_DAYS.';
COMMENT ON TABLE sign_ins IS 'One for each time that somebody signed in. Reached by functions alone; kept for MYOGRAPH_RETAIN_SIGN_INS_DAYS after its end.';
COMMENT ON TABLE welcome_links IS 'Links with which a person sets login and password, each good once. Reached by functions alone; kept for MYOGRAPH_RETAIN_SIGN_INS_DAYS after they were used or ran out.';
COMMENT ON TABLE api_tokens IS 'What programs use in a person''s name, for as much as its scopes allow; kept for MYOGRAPH_RETAIN_SIGN_INS_DAYS after its end.';
