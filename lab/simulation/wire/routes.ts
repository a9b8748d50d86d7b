interface Route<Handler> {
  readonly method: string;
  readonly segments: readonly string[];
  readonly handler: Handler;
}

export type RouteMatch<Handler> =
  | { readonly found: 'handler'; readonly handler: Handler; readonly params: Readonly<Record<string, string>> }
  | { readonly found: 'other-methods'; readonly allowed: readonly string[] }
  | { readonly found: 'nothing' };

/** Paths with `:name` segments and, at the end, `*` for whatever remains (params['*'], without its first slash). */
export class Routes<Handler> {
  readonly #routes: Route<Handler>[] = [];

  add(method: string, pattern: string, handler: Handler): void {
    this.#routes.push({ method: method.toUpperCase(), segments: split(pattern), handler });
  }

  /** The first route that was added and fits wins. HEAD is answered by GET. */
  match(method: string, path: string): RouteMatch<Handler> {
    const parts = split(path);
    const allowed: string[] = [];
    for (const route of this.#routes) {
      const params = paramsOf(route.segments, parts);
      if (params === null) continue;
      if (route.method === method || (method === 'HEAD' && route.method === 'GET')) {
        return { found: 'handler', handler: route.handler, params };
      }
      allowed.push(route.method);
    }
    return allowed.length > 0 ? { found: 'other-methods', allowed } : { found: 'nothing' };
  }
}

function paramsOf(segments: readonly string[], parts: readonly string[]): Record<string, string> | null {
  const params: Record<string, string> = {};
  for (const [i, segment] of segments.entries()) {
    if (segment === '*') {
      params['*'] = parts.slice(i).map(decode).join('/');
      return params;
    }
    const part = parts[i];
    if (part === undefined) return null;
    if (segment.startsWith(':')) params[segment.slice(1)] = decode(part);
    else if (segment !== part) return null;
  }
  return parts.length === segments.length ? params : null;
}

function split(path: string): string[] {
  return path.replace(/^\//, '').replace(/\/$/, '').split('/');
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
