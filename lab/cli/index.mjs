// What the `incident` command loads for `incident drill …`. The laboratory runs from its sources.
import { register } from 'tsx/esm/api';

register();
export const { addDrillCommands } = await import('./commands.ts');
