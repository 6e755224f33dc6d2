-- The two roles of the database and the database itself: run once by a superuser with psql,
-- by the local engines, the tests and docker-compose.yml alike.
-- prp_owner owns and migrates; prp_web, which web, worker and beat use, owns nothing.
-- Takes PRP_OWNER_PASSWORD and PRP_WEB_PASSWORD from the environment.
\set ON_ERROR_STOP on
\getenv owner_password PRP_OWNER_PASSWORD
\getenv web_password PRP_WEB_PASSWORD
\if :{?owner_password}
\else
DO $$ BEGIN RAISE EXCEPTION 'PRP_OWNER_PASSWORD is not set.'; END $$;
\endif
\if :{?web_password}
\else
DO $$ BEGIN RAISE EXCEPTION 'PRP_WEB_PASSWORD is not set.'; END $$;
\endif

CREATE ROLE prp_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
CREATE ROLE prp_web LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'web_password';
CREATE DATABASE prp OWNER prp_owner;
REVOKE ALL ON DATABASE prp FROM PUBLIC;
GRANT CONNECT ON DATABASE prp TO prp_web;

\connect prp
ALTER SCHEMA public OWNER TO prp_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO prp_web;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
ALTER DEFAULT PRIVILEGES FOR ROLE prp_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO prp_web;
ALTER DEFAULT PRIVILEGES FOR ROLE prp_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO prp_web;
