import { CliFailure } from '../failure.ts';
import type { Session } from '../session.ts';
import { waiting } from './waiting.ts';

/** `incident` alone: what waits for me, or how the command is used when there is nobody to ask. */
export async function home(session: Session, help: () => void): Promise<void> {
  try {
    await waiting({ ...session, gateway: session.gateway.impatient() });
  } catch (error) {
    if (session.json || !(error instanceof CliFailure) || (error.exit !== 'unavailable' && error.exit !== 'timeout'))
      throw error;
    help();
    session.io.err(`\n${error.message}\n${error.advice ?? ''}`.trimEnd());
  }
}
