import { asked, isRefusal, LOOK_AT_IT } from '../checking.ts';
import { fine, jsonOf, refused, type SystemFinding, unreachable, unset } from '../finding.ts';
import type { EnvOf } from '../system.ts';
import { elasticsearchHttp, searchPath } from './client.ts';
import { elasticsearchSettings } from './ports.ts';
import { elasticsearch } from './settings.ts';

const SYSTEM = elasticsearch.name;

export async function check(env: EnvOf<typeof elasticsearch>): Promise<SystemFinding> {
  const settings = elasticsearchSettings(env);
  if (settings === null)
    return unset(SYSTEM, 'ELASTICSEARCH_URL', 'logs are read from the pods that are still there only');
  const { url, index, kibana } = settings;
  const http = elasticsearchHttp(settings);
  const unread = refused(SYSTEM, `the key may not read ${index}`, `Give it the index privilege read on ${index}.`);
  return asked(SYSTEM, url, 'ELASTICSEARCH_URL', async (base) => {
    const wanted = { index: [{ names: index.split(','), privileges: ['read'] }] };
    const rights = await http.send({ method: 'POST', path: '/_security/user/_has_privileges', json: wanted });
    if (isRefusal(rights)) return refused(SYSTEM, `${base} does not accept the key`, 'Renew ELASTICSEARCH_API_KEY.');
    if (rights.status === 200 && jsonOf(rights.text).has_all_requested === false) return unread;
    const search = await http.send({ method: 'POST', path: searchPath(settings), json: { size: 0 } });
    if (isRefusal(search)) return unread;
    if (search.status === 404) return refused(SYSTEM, `there is no index ${index}`, 'Correct ELASTICSEARCH_INDEX.');
    if (search.status !== 200) return unreachable(SYSTEM, `${base} answers ${search.status}`, LOOK_AT_IT);
    return fine(SYSTEM, `${base}, ${index}${kibana === null ? '; without KIBANA_URL nothing links to it' : ''}`);
  });
}
