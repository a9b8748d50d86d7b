import type { Instant } from '../domain/instant.ts';
import type { Database } from './database.ts';

export type ClaimAnswer =
  | { readonly granted: true; readonly expiresAt: Instant }
  | { readonly granted: false; readonly holder: string; readonly expiresAt: Instant };

/** One writer for each resource across incidents, where there is no object to annotate (ADR 0010). */
export interface Claims {
  /** The holder may claim again, which moves the expiry. An expired claim of another holder is taken over. */
  claim(wish: {
    readonly resource: string;
    readonly holder: string;
    readonly at: Instant;
    readonly expiresAt: Instant;
  }): Promise<ClaimAnswer>;
  /** True when the holder had it. */
  release(claim: { readonly resource: string; readonly holder: string }): Promise<boolean>;
}

export function createClaims({ rows }: Database): Claims {
  const claim: Claims['claim'] = async ({ resource, holder, at, expiresAt }) => {
    const won = await rows(
      `INSERT INTO claim (resource, holder, claimed_at, expires_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (resource) DO UPDATE SET holder = $2, claimed_at = $3, expires_at = $4
       WHERE claim.holder = $2 OR claim.expires_at <= $3
       RETURNING resource`,
      [resource, holder, at, expiresAt],
    );
    if (won.length === 1) return { granted: true, expiresAt };
    const [other] = await rows<{ holder: string; expiresAt: Instant }>(
      'SELECT holder, expires_at AS "expiresAt" FROM claim WHERE resource = $1',
      [resource],
    );
    // Released between the two statements: ask again rather than name a holder that has gone.
    if (other === undefined) return claim({ resource, holder, at, expiresAt });
    return { granted: false, ...other };
  };
  return {
    claim,
    async release({ resource, holder }) {
      const gone = await rows('DELETE FROM claim WHERE resource = $1 AND holder = $2 RETURNING resource', [
        resource,
        holder,
      ]);
      return gone.length === 1;
    },
  };
}
