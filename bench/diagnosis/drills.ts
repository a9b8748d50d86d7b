import type { Drill } from '../../src/rehearsal/drill.ts';
import { parseDrill } from '../../src/rehearsal/drill-file.ts';
import { generateDrill } from '../../src/rehearsal/generate-drill.ts';

export function readDrillText(seed: number, index: number): Drill {
  const { name, text } = generateDrill(seed, index);
  return parseDrill(text, `generated/${name}.yaml`);
}
