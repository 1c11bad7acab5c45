import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Ended, QUIET_ENVIRONMENT } from './tools.js';

const PROGRAM = fileURLToPath(new URL('kms-fork.mjs', import.meta.url));

/** A process that calls commands one after the other; several of them call at once. */
export interface KmsFork {
  call(words: readonly string[]): Promise<Ended>;
  /** Ends it where it stands; a call that it was at fails. */
  kill(): void;
  end(): void;
}

/** Starts one, and waits until it has loaded. */
export async function forkKms(
  env: Readonly<Record<string, string>>,
): Promise<KmsFork> {
  const child = fork(PROGRAM, [], {
    env: {
      ...process.env,
      ...QUIET_ENVIRONMENT,
      NODE_ENV: 'production',
      ...env,
    },
  });
  const death = new Promise<never>((_, reject) => {
    child.once('exit', (code, signal) => {
      reject(new Error(`the caller died: ${String(code ?? signal)}`));
    });
  });
  death.catch(() => undefined);
  const answer = (): Promise<unknown[]> =>
    Promise.race([once(child, 'message'), death]);

  await answer();

  return {
    async call(words) {
      const ended = answer();
      child.send(words);

      return (await ended)[0] as Ended;
    },
    kill() {
      child.kill('SIGKILL');
    },
    end() {
      child.disconnect();
    },
  };
}
