import { z } from 'zod';

/** The processes that read an environment. */
export type ProcessName = 'gateway' | 'worker' | 'status page';

/** A variable of the environment: everything that is ever said about it. */
export interface Setting {
  readonly readBy: readonly ProcessName[];
  readonly schema: z.ZodType;
  /** What it is for, as docs/configuration.md and deploy/example.env say it. */
  readonly meaning: string;
  /** May also be given as NAME_FILE, the path of a file that holds it; never shown. */
  readonly secret?: boolean;
  /** What to do when it is missing or wrong. */
  readonly advice?: string;
  /** The variable of .env that fills it in docker-compose.yml, where its own name means something on the host. */
  readonly inCompose?: string;
}

export type Settings = Readonly<Record<string, Setting>>;

/** A system outside of the product: what is said about it before anything is asked of it. Its folder has the rest. */
export interface System<S extends Settings = Settings> {
  readonly name: string;
  readonly settings: S;
  /** What the gateway takes from it, for the page of system health. */
  readonly door?: {
    readonly name: string;
    /** Configured when this variable is set. */
    readonly needs: keyof S & string;
    readonly without: string;
  };
}

/** Keeps the types of the settings, which the environment's own type is made of. */
export function system<const S extends Settings>(given: System<S>): System<S> {
  return given;
}

/** The values of settings, those that one process reads or all of them. */
export type Values<S extends Settings, P extends ProcessName = ProcessName> = {
  readonly [N in keyof S as Extract<S[N]['readBy'][number], P> extends never ? never : N]: z.infer<S[N]['schema']>;
};

/** What one system's own code is given of the environment. */
export type EnvOf<Y extends { readonly settings: Settings }, P extends ProcessName = ProcessName> = Values<
  Y['settings'],
  P
>;

export const text = z.string();
export const secret = z.string().min(1, 'must not be empty');
export const http = address('http:', 'https:');
export const postgresUrl = address('postgres:', 'postgresql:');
export const port = z.coerce.number('must be a port number').int('must be a whole number').min(0).max(65_535);
/** Commas between them. */
export const names = z.string().transform((written) => written.split(',').flatMap((name) => name.trim() || []));

export function address(...protocols: readonly string[]) {
  return z.string().refine((written) => URL.canParse(written) && protocols.includes(new URL(written).protocol), {
    message: `must be an address that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });
}
