export { actionItems } from './action-items/workflow.ts';
export { incident } from './incident/workflow.ts';
export { postMortem } from './post-mortem/workflow.ts';
export { quickAction, quickCheck } from './quick-action/workflow.ts';
export { userReport } from './user-report/workflow.ts';
