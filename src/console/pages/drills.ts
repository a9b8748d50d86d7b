import { html, type Markup } from '../markup.ts';
import { table } from './policy.ts';

export interface DrillFile {
  readonly name: string;
  readonly about: string;
}

/** What can be rehearsed before the night it is needed, and how. */
export function drillsBody(drills: readonly DrillFile[]): Markup {
  return html`<h1>Drills</h1>
<p class="hint">A drill runs the whole product in virtual time against a simulated production: <code>incident drill run drills/NAME.yaml</code></p>
${
  drills.length === 0
    ? html`<p class="empty">No drill files lie beside this gateway.</p>`
    : table(
        `${drills.length} drills`,
        ['Drill', 'About'],
        drills.map(({ name, about }) => [name, about]),
      )
}`;
}
