import { parseAllDocuments } from 'yaml';
import { failure } from '../failures.ts';

/** One object of a manifest, as far as it is looked at here. */
export interface ManifestObject {
  readonly [field: string]: unknown;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly [field: string]: unknown;
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** The objects of one YAML file, in its order; `path` is for messages. */
export function parseManifest(path: string, text: string): readonly ManifestObject[] {
  const documents = parseAllDocuments(text, { uniqueKeys: true }).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw failure('Invalid', `${path} is not YAML: ${error.message.split('\n')[0]}`);
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  });
  return documents
    .filter((one) => one !== null && one !== undefined)
    .map((one) => {
      const object = one as Partial<ManifestObject>;
      if (typeof object.apiVersion !== 'string' || typeof object.kind !== 'string' || !object.metadata?.name)
        throw failure('Invalid', `${path} holds something without apiVersion, kind and metadata.name.`);
      return object as ManifestObject;
    });
}
