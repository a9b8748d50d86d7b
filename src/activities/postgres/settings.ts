import { postgresUrl, system } from '../system.ts';

export const serviceDatabases = system({
  name: 'The service’s databases',
  settings: {
    SERVICE_DATABASE_URL: {
      readBy: ['worker'],
      schema: postgresUrl.optional(),
      meaning: 'The service’s database, by a role with pg_monitor (deploy/sql/grants.sql).',
      secret: true,
    },
    SERVICE_DATABASE_REPLICA_URL: {
      readBy: ['worker'],
      schema: postgresUrl.optional(),
      meaning: 'Its streaming replica, by a role that may also pg_promote (R3.1.5).',
      secret: true,
    },
    SERVICE_MIGRATION_URL: {
      readBy: ['worker'],
      schema: postgresUrl.optional(),
      meaning: 'A role that owns the tables, for migrations only (R5.8).',
      secret: true,
    },
    STAGING_DATABASE_URL: {
      readBy: ['worker'],
      schema: postgresUrl.optional(),
      meaning: 'The same in staging, where a migration is tried first (R5.7).',
      secret: true,
    },
  },
});
