import { z } from 'zod';
import { failure } from '../failures.ts';
import { failureOfAnswer, troubleOf } from '../http.ts';
import { type Call, TIMEOUT_MILLISECONDS } from './web.ts';

export interface Upload {
  readonly channelId: string;
  readonly filename: string;
  readonly title: string;
  readonly content: Uint8Array;
  readonly comment: string;
  readonly threadRef: string | null;
}

/**
 * Slack's upload in its three steps (`files.upload` is gone): a place, the bytes, and the showing of them. Nobody sees
 * the file before the last one, so a retry after either of the first two shows it once.
 */
export async function upload(call: Call, file: Upload): Promise<{ readonly fileId: string }> {
  const shape = z.object({ upload_url: z.string(), file_id: z.string() });
  const place = await call(
    'files.getUploadURLExternal',
    { filename: file.filename, length: file.content.length },
    shape,
  );
  await put(place.upload_url, file.content);
  const shown = await call(
    'files.completeUploadExternal',
    {
      files: [{ id: place.file_id, title: file.title }],
      channel_id: file.channelId,
      initial_comment: file.comment,
      ...(file.threadRef === null ? {} : { thread_ts: file.threadRef }),
    },
    z.object({ files: z.array(z.object({ id: z.string() })) }),
  );
  return { fileId: shown.files[0]?.id ?? place.file_id };
}

/** The address is signed and short-lived; our token does not travel to it. */
async function put(url: string, content: Uint8Array): Promise<void> {
  let answer: Response;
  try {
    answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: Buffer.from(content),
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    });
    await answer.arrayBuffer();
  } catch (error) {
    throw failure('Unavailable', `Slack did not take the file: it ${troubleOf(error, TIMEOUT_MILLISECONDS)}`);
  }
  if (!answer.ok)
    throw failureOfAnswer('Slack’s store of files', {
      ...answer,
      status: answer.status,
      headers: answer.headers,
      text: '',
    });
}
