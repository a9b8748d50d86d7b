import { createLivePostgres } from './systems/postgres/live-postgres.ts';
import { createVirtualPostgres } from './systems/postgres/virtual-postgres.ts';

/** Only in virtual time is there a replica; a live production says that it has none. */
export async function startDatabase(
  options: {
    readonly mode: 'virtual' | 'live';
    readonly postgresAdminUrl?: string | undefined;
    readonly postgresTemplateFolder?: string | undefined;
  },
  common: Omit<Parameters<typeof createVirtualPostgres>[0], 'replica'>,
  replica: Parameters<typeof createVirtualPostgres>[0]['replica'],
) {
  if (options.mode === 'live') {
    const { postgresAdminUrl: adminUrl } = options;
    if (adminUrl === undefined)
      throw new Error('A live production needs postgresAdminUrl, the address of a real PostgreSQL.');
    const live = await createLivePostgres({ ...common, adminUrl });
    return { postgres: live, live, replicaUrl: null, promotions: [] };
  }
  const postgres = await createVirtualPostgres({
    ...common,
    ...(replica === undefined ? {} : { replica }),
    templateFolder: options.postgresTemplateFolder,
  });
  const { url } = await postgres.listenReplica();
  return { postgres, live: null, replicaUrl: url, promotions: postgres.promotions };
}
