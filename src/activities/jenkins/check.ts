import { answered, asked, LOOK_AT_IT } from '../checking.ts';
import { type CheckContext, fine, refused, type SystemFinding, unreachable, unset } from '../finding.ts';
import type { EnvOf } from '../system.ts';
import { createJenkinsClient } from './client.ts';
import { jenkinsSettings } from './ports.ts';
import { jenkins } from './settings.ts';

export async function check(env: EnvOf<typeof jenkins>, { now }: CheckContext): Promise<SystemFinding> {
  const system = jenkins.name;
  const settings = jenkinsSettings(env);
  if (settings === null)
    return unset(
      system,
      'JENKINS_URL, JENKINS_USER_ID, JENKINS_API_TOKEN and JENKINS_JOBS',
      'its builds are not looked at',
    );
  const { url, userId, jobs } = settings;
  return asked(system, url, 'JENKINS_URL', async (base) => {
    for (const job of jobs) {
      const { status, type } = await answered(() =>
        createJenkinsClient({ ...settings, jobs: [job] }).builds({ fromAt: now, untilAt: now }),
      );
      if (status === 401)
        return refused(
          system,
          `${base} does not accept ${userId}`,
          'Make an API token for this user and put it into JENKINS_API_TOKEN.',
        );
      if (status === 403)
        return refused(system, `${userId} may not read ${job}`, 'Give this user Overall/Read and Job/Read.');
      if (status === 404)
        return refused(
          system,
          `there is no job ${job}, or ${userId} may not see it`,
          'Correct JENKINS_JOBS, or give this user Job/Discover and Job/Read.',
        );
      if (status !== 200) return unreachable(system, `${base} answers ${status}`, LOOK_AT_IT);
      if (type === 'Invalid')
        return refused(system, `${job} is a folder`, `Name the job inside it in JENKINS_JOBS, e.g. ${job}/main.`);
    }
    return fine(system, `${base}: ${jobs.join(', ')}`);
  });
}
