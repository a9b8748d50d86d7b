import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { DEADLINE_MS, reasonOf } from '../../activities/finding.ts';

const LARGEST_ANSWER = 2_000_000;

/** One GET of our own gateway. Rejects with a sentence's worth of reason when there was no whole answer in time. */
export function ask(url: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const options = { headers: { 'user-agent': 'incident-doctor' }, signal: AbortSignal.timeout(DEADLINE_MS) };
    const request = send(url, options, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.length > LARGEST_ANSWER) request.destroy(new Error('the answer is too large'));
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      answer.on('error', (error) => reject(new Error(reasonOf(error))));
    });
    request.on('error', (error) => reject(new Error(reasonOf(error))));
    request.end();
  });
}
