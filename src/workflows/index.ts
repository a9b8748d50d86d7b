export { incident } from './incident/workflow.ts';
export { actionItems } from './action-items/workflow.ts';
