import type { Drill } from '../../rehearsal/drill.ts';
import { parseDrill } from '../../rehearsal/drill-file.ts';
import { generateDrill } from '../../rehearsal/generate-drill.ts';

export function readDrillText(seed: number, index: number): Drill {
  const { name, text } = generateDrill(seed, index);
  return parseDrill(text, `generated/${name}.yaml`);
}
