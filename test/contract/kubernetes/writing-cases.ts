import { expect, it } from 'vitest';
import { CORE, type Deployment, MCP, type Status } from './shapes.ts';
import { type Bench, NAMESPACE } from './subject.ts';

export function writing(bench: () => Bench): void {
  it('refuses a JSON patch whose test fails, as a whole', async () => {
    const before = await bench().raw<Deployment>(MCP);
    const operations = [
      { op: 'test', path: '/spec/replicas', value: 77 },
      { op: 'replace', path: '/spec/replicas', value: 5 },
    ];
    const ref = { kind: 'deployment', namespace: NAMESPACE, name: 'noa-mcp' } as const;
    expect(await bench().client.patchWorkload(ref, { type: 'json', body: operations }, false)).toMatchObject({
      kind: 'conflict',
    });
    expect((await bench().raw<Deployment>(MCP)).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  it('rehearses a write without doing it (server-side dry run)', async () => {
    const before = await bench().raw<Deployment>(MCP);
    const ref = { kind: 'deployment', namespace: NAMESPACE, name: 'noa-mcp' } as const;
    expect(await bench().client.patchWorkload(ref, { type: 'merge', body: { spec: { replicas: 9 } } }, true)).toEqual({
      kind: 'written',
    });
    const invalid = { type: 'merge', body: { spec: { replicas: -1 } } } as const;
    expect(await bench().client.patchWorkload(ref, invalid, true)).toMatchObject({
      message: expect.stringContaining('spec.replicas'),
    });
    expect(await bench().raw<Deployment>(MCP)).toEqual(before);
  });

  it('has the scale of a workload as a subresource', async () => {
    const scale = await bench().raw<{ kind: string; spec: { replicas: number }; status: { selector: string } }>(
      `${MCP}/scale`,
    );
    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 3 }, status: { selector: 'app=noa-mcp' } });
    const patch = async (replicas: number) => {
      const call = {
        method: 'PATCH',
        path: `${MCP}/scale`,
        contentType: 'application/merge-patch+json',
        body: { spec: { replicas } },
      } as const;
      expect((await bench().connection.send(call)).status).toBe(200);
    };
    await patch(4);
    expect((await bench().raw<Deployment>(MCP)).spec.replicas).toBe(4);
    await bench().until('an event tells of it', async () => {
      const { items } = await bench().raw<{ items: { reason: string; message: string }[] }>(`${CORE}/events`);
      return items.some(
        ({ reason, message }) =>
          reason === 'ScalingReplicaSet' && /Scaled up replica set noa-mcp-\w+ from 3 to 4/.test(message),
      );
    });
    await patch(3);
    await bench().until('it is back', async () => (await bench().client.pods(NAMESPACE, 'app=noa-mcp')).length === 3);
  });

  it('deletes and evicts only the pod of that uid', async () => {
    const [pod] = await bench().client.pods(NAMESPACE, 'app=noa-postgres');
    const { name, uid } = pod?.metadata ?? { name: '', uid: '' };
    expect(await bench().client.deletePod(NAMESPACE, name, 'another-uid', false)).toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('the UID in the precondition (another-uid) does not match the UID in record'),
    });
    expect(await bench().client.evictPod(NAMESPACE, name, 'another-uid', false)).toMatchObject({ kind: 'conflict' });
    expect(await bench().client.evictPod(NAMESPACE, name, uid, true)).toEqual({ kind: 'written' });
    expect((await bench().client.pod(NAMESPACE, name))?.metadata.uid).toBe(uid);
  });

  it('applies under a field manager, with conflicts, force, and removal of what is applied no more', async () => {
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: NAMESPACE, name: 'contract-applied' };
    const manifest = (data: Record<string, string>) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: ref.name },
      data,
    });
    const others = (data: Record<string, string>, force: boolean) =>
      bench().connection.send({
        method: 'PATCH',
        path: `${CORE}/configmaps/${ref.name}`,
        contentType: 'application/apply-patch+yaml',
        query: { fieldManager: 'somebody-else', force: String(force) },
        body: manifest(data),
      });
    const apply = (data: Record<string, string>, options = { dryRun: false, force: false }) =>
      bench().client.apply(ref, manifest(data), options);
    expect(await apply({ a: '1' }, { dryRun: true, force: false })).toMatchObject({ kind: 'applied' });
    expect(await bench().client.object(ref)).toBeNull();
    expect(await apply({ a: '1', b: '1' })).toMatchObject({ kind: 'applied' });
    const refused = JSON.parse((await others({ a: '2' }, false)).text) as Status;
    expect(refused).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "incident-runbook": .data.a',
    });
    expect(refused.details?.causes?.[0]).toEqual({
      reason: 'FieldManagerConflict',
      message: 'conflict with "incident-runbook"',
      field: '.data.a',
    });
    expect((await others({ a: '2' }, true)).status).toBe(200);
    expect(await apply({ b: '1' })).toMatchObject({ kind: 'applied' });
    expect((await bench().client.object(ref))?.data).toEqual({ a: '2', b: '1' });
    expect(await apply({ a: '3' })).toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('conflict with "somebody-else": .data.a'),
    });
    expect(await apply({})).toMatchObject({ kind: 'applied' });
    const live = await bench().client.object(ref);
    expect(live?.data).toEqual({ a: '2' });
    expect(await bench().client.deleteObject(ref, 'another-uid')).toBe(false);
    expect(await bench().client.deleteObject(ref, live?.metadata.uid ?? '')).toBe(true);
    expect(await bench().client.object(ref)).toBeNull();
  });
}
