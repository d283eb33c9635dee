-- What a Supabase project has before anybody adds to it, as far as we touch it: its roles are made by
-- project.py; here its schemas, default privileges, tables of Storage and a stand-in for its HTTP
-- extension that keeps what it would send. Run as supabase_admin, a superuser, in database `project`.

-- ── what new tables in public are granted

GRANT USAGE ON SCHEMA public TO postgres, anon, authenticated, service_role;
GRANT CREATE ON SCHEMA public TO postgres;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT ALL ON TABLES TO postgres, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT ALL ON FUNCTIONS TO postgres, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT ALL ON SEQUENCES TO postgres, anon, authenticated, service_role;

-- ── Storage

CREATE SCHEMA storage AUTHORIZATION supabase_admin;
GRANT USAGE ON SCHEMA storage TO anon, authenticated, service_role;
GRANT USAGE ON SCHEMA storage TO postgres WITH GRANT OPTION;
GRANT ALL ON SCHEMA storage TO supabase_storage_admin;

CREATE TABLE storage.buckets (
    id                text PRIMARY KEY,
    name              text NOT NULL UNIQUE,
    owner             uuid,
    created_at        timestamptz DEFAULT now(),
    updated_at        timestamptz DEFAULT now(),
    public            boolean DEFAULT false,
    file_size_limit   bigint,
    allowed_mime_types text[],
    owner_id          text
);

CREATE TABLE storage.objects (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    bucket_id         text REFERENCES storage.buckets,
    name              text,
    owner             uuid,
    created_at        timestamptz DEFAULT now(),
    updated_at        timestamptz DEFAULT now(),
    last_accessed_at  timestamptz DEFAULT now(),
    metadata          jsonb,
    path_tokens       text[] GENERATED ALWAYS AS (string_to_array(name, '/')) STORED,
    version           text,
    owner_id          text,
    user_metadata     jsonb
);
CREATE UNIQUE INDEX bucketid_objname ON storage.objects (bucket_id, name);
CREATE INDEX idx_objects_bucket_id_name ON storage.objects (bucket_id, name COLLATE "C");

ALTER TABLE storage.buckets OWNER TO supabase_storage_admin;
ALTER TABLE storage.objects OWNER TO supabase_storage_admin;
ALTER TABLE storage.buckets ENABLE ROW LEVEL SECURITY;
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
GRANT ALL ON storage.buckets, storage.objects TO anon, authenticated, service_role;
GRANT ALL ON storage.buckets, storage.objects TO postgres WITH GRANT OPTION;

CREATE FUNCTION storage.update_updated_at_column() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at = now();
    RETURN NEW;
END
$$;
CREATE TRIGGER update_objects_updated_at BEFORE UPDATE ON storage.objects
    FOR EACH ROW EXECUTE FUNCTION storage.update_updated_at_column();

CREATE FUNCTION storage.protect_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF COALESCE(current_setting('storage.can_delete', true), 'false') <> 'true' THEN
        RAISE EXCEPTION 'Direct deletion from storage tables is not allowed.' USING ERRCODE = '42501';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER protect_objects_delete BEFORE DELETE ON storage.objects
    FOR EACH STATEMENT EXECUTE FUNCTION storage.protect_delete();

-- A project's own policy: whoever is signed in may upload recordings.
CREATE POLICY uploads ON storage.objects TO authenticated
    USING (bucket_id = 'emg_data') WITH CHECK (bucket_id = 'emg_data');

INSERT INTO storage.buckets (id, name) VALUES ('emg_data', 'emg_data'), ('pictures', 'pictures');

-- ── the HTTP extension, version 0.12 and later

CREATE SCHEMA net AUTHORIZATION supabase_admin;
GRANT USAGE ON SCHEMA net TO PUBLIC;

CREATE UNLOGGED TABLE net.http_request_queue (
    id                    bigserial,
    method                text NOT NULL,
    url                   text NOT NULL,
    headers               jsonb,
    body                  bytea,
    timeout_milliseconds  integer NOT NULL
);
CREATE UNLOGGED TABLE net._http_response (
    id            bigint,
    status_code   integer,
    content_type  text,
    headers       jsonb,
    content       text,
    timed_out     bool,
    error_msg     text,
    created       timestamptz NOT NULL DEFAULT now()
);
GRANT ALL ON net.http_request_queue, net._http_response TO PUBLIC;
GRANT ALL ON SEQUENCE net.http_request_queue_id_seq TO PUBLIC;

CREATE FUNCTION net.http_post(
    url text,
    body jsonb DEFAULT '{}',
    params jsonb DEFAULT '{}',
    headers jsonb DEFAULT '{"Content-Type": "application/json"}',
    timeout_milliseconds integer DEFAULT 5000
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    queued bigint;
BEGIN
    IF headers ->> 'Content-Type' IS DISTINCT FROM 'application/json' THEN
        RAISE EXCEPTION 'Content-Type header must be "application/json"';
    END IF;
    INSERT INTO net.http_request_queue (method, url, headers, body, timeout_milliseconds)
    VALUES ('POST', url, headers, convert_to(body::text, 'UTF8'), timeout_milliseconds)
    RETURNING id INTO queued;
    RETURN queued;
END
$$;
