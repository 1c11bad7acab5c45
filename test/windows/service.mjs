// A mail server that is a service of Wine's Windows: made by Debian's compiler for Windows, known to the service manager.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMPILER = 'x86_64-w64-mingw32-gcc';
const SOURCE = fileURLToPath(new URL('service.c', import.meta.url));

/** False where there is no compiler for Windows. */
export const canMakeService = (process.env.PATH ?? '')
  .split(':')
  .some((directory) => existsSync(join(directory, COMPILER)));

/** Puts the service into the directory of the mail server, and starts it. */
export function installService({ serverDir, call }) {
  const program = join(serverDir, 'mailserver.exe');
  const made = spawnSync(COMPILER, ['-o', program, SOURCE]);
  if (made.status !== 0) throw new Error(String(made.stderr));

  const path = '"C:\\Program Files\\Kerio\\MailServer\\mailserver.exe"';

  for (const words of [
    ['sc', 'create', 'KerioMailServer', 'binPath=', path],
    ['net', 'start', 'KerioMailServer'],
  ]) {
    const { code, out, err } = call(words);
    if (code !== 0) throw new Error(`${words.join(' ')}: ${out}${err}`);
  }
}
