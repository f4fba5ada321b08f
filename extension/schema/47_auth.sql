-- Who signs in, and how long it lasts. Times here are the wall clock's, never opencalendly.clock's: a simulation must not
-- open or close doors.

-- A link's token is derived from the key file (data/keys.h), as a booking's links are, so nothing that is stored here lets
-- anybody in.
CREATE TABLE opencalendly.login_links (
    id uuid CONSTRAINT login_links_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    email text NOT NULL,
    username text,
    display_name text,
    timezone text,
    language text NOT NULL DEFAULT 'en',
    link_key_id integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT login_links_language_check CHECK (language IN ('en', 'de')),
    CONSTRAINT login_links_expires_at_check CHECK (
        expires_at > created_at AND expires_at <= created_at + interval '15 minutes')
);
CREATE INDEX login_links_email_idx ON opencalendly.login_links (email, created_at);
CREATE INDEX login_links_created_at_idx ON opencalendly.login_links (created_at);
COMMENT ON TABLE opencalendly.login_links IS
    'links that were asked for to sign in: one use, 15 minutes; the names are used only if the address has no account yet';
COMMENT ON COLUMN opencalendly.login_links.language IS 'of the mail with the link, and of the account that is made by it: en or de';
COMMENT ON CONSTRAINT login_links_language_check ON opencalendly.login_links IS 'language: must be en or de';
COMMENT ON COLUMN opencalendly.login_links.used_at IS 'when it was used, or voided by the use of another; null = open';

CREATE TABLE opencalendly.sessions (
    id uuid CONSTRAINT sessions_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    user_id uuid NOT NULL CONSTRAINT sessions_user_id_fkey REFERENCES opencalendly.users ON DELETE CASCADE,
    token_hash bytea NOT NULL CONSTRAINT sessions_token_hash_key UNIQUE,
    user_agent text,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT sessions_token_hash_check CHECK (pg_catalog.length(token_hash) = 32),
    CONSTRAINT sessions_user_agent_check CHECK (pg_catalog.length(user_agent) <= 300),
    CONSTRAINT sessions_expires_at_check CHECK (
        expires_at > created_at AND expires_at <= created_at + interval '30 days')
);
CREATE INDEX sessions_user_id_idx ON opencalendly.sessions (user_id);
CREATE INDEX sessions_expires_at_idx ON opencalendly.sessions (expires_at);
COMMENT ON TABLE opencalendly.sessions IS
    'who is signed in: 30 days, ended by deleting the row; the token is stored as its SHA-256';
