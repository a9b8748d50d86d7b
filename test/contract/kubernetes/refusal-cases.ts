import { expect, it } from 'vitest';
import { CORE, type Deployment, MCP, type Status } from './shapes.ts';
import { type Bench, NAMESPACE } from './subject.ts';

export function refusals(bench: () => Bench): void {
  const statusOf = async (send: Promise<{ text: string }>) => JSON.parse((await send).text) as Status;

  it('answers 404 with what was not found', async () => {
    expect(await statusOf(bench().connection.send({ method: 'GET', path: `${CORE}/pods/nobody-0` }))).toMatchObject({
      kind: 'Status',
      code: 404,
      reason: 'NotFound',
      message: 'pods "nobody-0" not found',
      details: { name: 'nobody-0', kind: 'pods' },
    });
    expect(await bench().client.workload({ kind: 'deployment', namespace: NAMESPACE, name: 'nobody' })).toBeNull();
  });

  it('answers 409 to a write on an old version, and nothing is written', async () => {
    const body = { metadata: { resourceVersion: '1', annotations: { 'contract/stale': 'yes' } } };
    const call = { method: 'PATCH', path: MCP, contentType: 'application/merge-patch+json', body } as const;
    const answer = await statusOf(bench().connection.send(call));
    expect(answer).toMatchObject({ code: 409, reason: 'Conflict', details: { name: 'noa-mcp' } });
    expect(answer.message).toContain(
      'the object has been modified; please apply your changes to the latest version and try again',
    );
    expect((await bench().raw<Deployment>(MCP)).metadata.annotations['contract/stale']).toBeUndefined();
  });

  it('answers 403 with who may not do what, and 401 to a stranger’s token', async () => {
    const as = (token: string) => bench().connectAs(token).send({ method: 'GET', path: MCP });
    expect(await statusOf(as(bench().subject.strangerToken))).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: `deployments.apps "noa-mcp" is forbidden: User "nobody" cannot get resource "deployments" in API group "apps" in the namespace "${NAMESPACE}"`,
    });
    expect(await statusOf(as('no-such-token'))).toMatchObject({ code: 401, reason: 'Unauthorized' });
  });

  it('says by a SelfSubjectAccessReview what somebody may do', async () => {
    const review = async (token: string) => {
      const resourceAttributes = { namespace: NAMESPACE, verb: 'patch', group: 'apps', resource: 'deployments' };
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes },
      };
      const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
      const { text } = await bench().connectAs(token).send({ method: 'POST', path, body });
      return (JSON.parse(text) as { status: { allowed: boolean } }).status.allowed;
    };
    expect(await review(bench().subject.token)).toBe(true);
    expect(await review(bench().subject.strangerToken)).toBe(false);
  });
}
