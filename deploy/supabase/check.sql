-- Is every part there through which a recording in Supabase Storage becomes a session? Run as `postgres`.

SELECT 'recordings are noted' AS part,
       EXISTS (SELECT FROM pg_trigger t
                WHERE t.tgrelid = 'storage.objects'::regclass AND t.tgname = 'myograph_announces'
                  AND t.tgenabled IN ('O', 'A') AND t.tgdeferrable AND t.tginitdeferred) AS there,
       'the trigger myograph_announces of storage.objects, and that it is enabled' AS what_is_meant
UNION ALL
SELECT 'hints can be sent', to_regprocedure('net.http_post(text, jsonb, jsonb, jsonb, integer)') IS NOT NULL,
       'the extension pg_net'
UNION ALL
SELECT 'hints have an address', EXISTS (SELECT FROM app.storage_hook WHERE url IS NOT NULL),
       'url in app.storage_hook'
UNION ALL
SELECT 'hints are signed', EXISTS (SELECT FROM app.storage_secrets WHERE key IS NOT NULL),
       'a secret by app.add_storage_secret'
UNION ALL
SELECT 'the buckets exist', NOT EXISTS (SELECT FROM app.storage_hook h, unnest(h.buckets) b (id)
                                         WHERE NOT EXISTS (SELECT FROM storage.buckets s WHERE s.id = b.id)),
       'every bucket in app.storage_hook'
UNION ALL
SELECT 'the outbox is read', NOT EXISTS (SELECT FROM public.storage_outbox
                                          WHERE settled_at IS NULL AND at < now() - interval '10 minutes'),
       'no row waits for more than 10 minutes: a worker runs';
