import type { ServicePolicy } from '../../domain/policy.ts';
import type { RemedyOutcome, RemedyPlan, RemedyPreview } from '../../domain/remedy.ts';
import type { PreviewInput } from '../kubernetes/api.ts';

export interface ProviderPreviewInput extends PreviewInput {
  readonly service: ServicePolicy;
}

export interface ProviderRemedyInput {
  readonly plan: RemedyPlan;
  readonly service: ServicePolicy;
}

/** Circuit breaker and failover of AI providers through the service's own admin API, on every pod (R3.2.3, R3.5.2). */
export interface ProviderActivities {
  previewProviderRemedies(input: ProviderPreviewInput): Promise<readonly RemedyPreview[]>;
  openCircuitBreaker(input: ProviderRemedyInput): Promise<RemedyOutcome>;
  failOverProvider(input: ProviderRemedyInput): Promise<RemedyOutcome>;
}
