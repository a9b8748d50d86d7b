import { failure } from '../failures.ts';
import { createCsvDirectory } from './csv.ts';
import type { CustomerDirectory } from './ports.ts';
import { createSqlDirectory } from './sql.ts';

export interface CustomerDirectorySettings {
  readonly csv: string | null;
  readonly databaseUrl: string | null;
}

/** The directory that is configured; without one nobody is mailed, and the incident says why. */
export function createCustomerDirectory({ csv, databaseUrl }: CustomerDirectorySettings): CustomerDirectory {
  if (databaseUrl !== null) return createSqlDirectory(databaseUrl);
  if (csv !== null) return createCsvDirectory(csv);
  return {
    async customersOf() {
      throw failure(
        'Invalid',
        'No customer directory is configured, so it is not known whom to write to. Set CUSTOMERS_CSV or CUSTOMERS_DATABASE_URL for the worker.',
      );
    },
  };
}
