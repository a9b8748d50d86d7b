-- The least that the product needs of the watched service's database. Run as a superuser, connected to that database,
-- on the primary; a streaming replica has it by itself. Then set the passwords (\password incident_runbook) and give
-- the addresses as SERVICE_DATABASE_URL, SERVICE_DATABASE_REPLICA_URL and SERVICE_MIGRATION_URL.
-- `incident doctor` names what is missing; test/contract/postgres/grants.test.ts proves that this is enough.

-- 1. Reading: connections, locks, statistics, replication (R2.4, R3.1.2, R3.3.2, R5.2). No row of the service's tables.
CREATE ROLE incident_runbook LOGIN CONNECTION LIMIT 8;
GRANT CONNECT ON DATABASE :"DBNAME" TO incident_runbook;
GRANT pg_monitor TO incident_runbook;
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;

-- 2. A place that is left when the pool is exhausted, which is when it is asked. Before PostgreSQL 16 only superusers
-- have places of their own, so there the application's role is to be limited instead, to max_connections less ten:
--   ALTER ROLE noa CONNECTION LIMIT 90;
DO $$
BEGIN
  IF current_setting('server_version_num')::int >= 160000 THEN
    EXECUTE 'GRANT pg_use_reserved_connections TO incident_runbook';
  END IF;
END $$;

-- 3. Failover (R3.1.5): the replica is made the primary by this one function.
GRANT EXECUTE ON FUNCTION pg_catalog.pg_promote(boolean, integer) TO incident_runbook;

-- 4. Migrations (R5.8): only an owner of a table may index it, so this is a role of its own, a member of the owner.
-- Leave it out, and migrations are left to people.
CREATE ROLE incident_migrations LOGIN CONNECTION LIMIT 3;
GRANT CONNECT ON DATABASE :"DBNAME" TO incident_migrations;
GRANT :"owner" TO incident_migrations;
