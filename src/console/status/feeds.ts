import { componentState, overallStatus, type PublicIncident } from '../../domain/status-board.ts';
import type { StatusBoardView } from './page.ts';

/** The page's address as the outside has it, for links in answers that leave it. */
export type Address = (path: string) => string;

const SHOWN = 50;

/**
 * Answers in the shape of Statuspage's public read API v2, so that existing readers work: status, components,
 * incidents, incidents/unresolved and summary.
 */
export function readApi(view: StatusBoardView, pageId: string, address: Address) {
  const page = {
    id: pageId,
    name: view.product,
    url: address(''),
    time_zone: 'Etc/UTC',
    updated_at: view.readAt,
  };
  const components = view.components.map(({ id, name }, index) => ({
    id,
    name,
    status: componentState(id, view.incidents),
    position: index + 1,
    page_id: pageId,
    description: null,
    showcase: false,
    group_id: null,
    group: false,
    only_show_if_degraded: false,
  }));
  const shape = (incident: PublicIncident) => ({
    id: incident.id,
    name: incident.name,
    status: incident.status,
    impact: incident.impact,
    created_at: incident.createdAt,
    updated_at: incident.updatedAt,
    started_at: incident.createdAt,
    monitoring_at: incident.updates.find(({ status }) => status === 'monitoring')?.at ?? null,
    resolved_at: incident.resolvedAt,
    shortlink: address(`/incidents/${encodeURIComponent(incident.id)}`),
    page_id: pageId,
    components: components.filter(({ id }) => incident.components.some((one) => one.id === id)),
    incident_updates: incident.updates.map((update) => ({
      id: update.id,
      status: update.status,
      body: update.body,
      incident_id: incident.id,
      created_at: update.at,
      display_at: update.at,
      updated_at: update.at,
      affected_components: null,
    })),
  });
  const unresolved = view.incidents.filter((incident) => incident.resolvedAt === null).map(shape);
  const status = overallStatus(view.incidents);
  return {
    'status.json': { page, status },
    'components.json': { page, components },
    'incidents.json': { page, incidents: view.incidents.slice(0, SHOWN).map(shape) },
    'incidents/unresolved.json': { page, incidents: unresolved },
    'summary.json': { page, components, incidents: unresolved, scheduled_maintenances: [], status },
  } as const;
}

export function rssFeed(view: StatusBoardView, address: Address): string {
  const items = view.incidents.slice(0, SHOWN).map((incident) => {
    const link = address(`/incidents/${encodeURIComponent(incident.id)}`);
    const text = incident.updates.map(({ status, body, at }) => `${at} ${status}: ${body}`).join('\n\n');
    return `<item><title>${xml(incident.name)}</title><link>${xml(link)}</link><guid>${xml(link)}</guid><pubDate>${rfc822(incident.createdAt)}</pubDate><description>${xml(text)}</description></item>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>${xml(view.product)} incidents</title><link>${xml(address(''))}</link><description>Incidents and what became of them</description><lastBuildDate>${rfc822(view.readAt)}</lastBuildDate>
${items.join('\n')}
</channel></rss>
`;
}

/** Characters that XML 1.0 has no way to write are left out. */
function xml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: removing control characters is the purpose.
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/gu, '')
      .replace(/[&<>"']/gu, (character) => `&#${character.charCodeAt(0)};`)
  );
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function rfc822(at: string): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${DAYS[date.getUTCDay()]}, ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} GMT`;
}
