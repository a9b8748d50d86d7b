/** What the test uses of it; the package brings no types. */
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http';

  export interface Account {
    readonly accountId: string;
    claims(): Promise<Readonly<Record<string, unknown>>>;
  }
  class Provider {
    constructor(
      issuer: string,
      configuration: {
        readonly clients: readonly Readonly<Record<string, unknown>>[];
        readonly claims: Readonly<Record<string, readonly string[]>>;
        readonly cookies: { readonly keys: readonly string[] };
        readonly jwks: { readonly keys: readonly object[] };
        findAccount(context: unknown, id: string): Promise<Account>;
      },
    );
    callback(): RequestListener;
  }

  // biome-ignore lint/style/noDefaultExport: it is how the package exports it
  export { Provider as default };
}
