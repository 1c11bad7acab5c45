/** The platform's own way to stop and to start the mail server's service. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { quoteWord } from '../platform/quote-words.js';
import { runProgram } from '../platform/run-program.js';
import type { Installation } from './installation.js';

/** Two command lines for the system's shell. */
export interface ServiceWay {
  readonly stop: string;
  readonly start: string;
}

/** As Kerio Connect and Kerio MailServer name theirs; docs/kerio.md 9.2. */
const LINUX_NAMES = ['kerio-connect', 'keriomailserver', 'kerio-mailserver'];
const WINDOWS_NAMES = ['KerioMailServer', 'KerioConnect'];

/** A service manager that does not answer such a question is none that could stop the server. */
const QUESTION_MS = 20_000;

/** Where systemd is what runs services: sd_booted(3). */
const SYSTEMD = '/run/systemd/system';
const INIT_SCRIPTS = '/etc/init.d';
const LAUNCHD_ENTRIES = ['mailserver', 'connect'].map(
  (name) => `/Library/LaunchDaemons/com.kerio.${name}.plist`,
);

/** Undefined where the server that runs is no service that this platform knows under one of the vendor's names. */
export function findServiceWay(
  installation: Installation,
): ServiceWay | undefined {
  switch (process.platform) {
    case 'win32':
      return findWindowsService();
    case 'darwin':
      return findMacService(installation);
    default:
      return existsSync(SYSTEMD) ? findUnit() : findInitScript();
  }
}

/** A unit that is loaded and not active is not what runs: somebody started the server by hand, and to stop the unit does nothing. */
function findUnit(): ServiceWay | undefined {
  const name = LINUX_NAMES.find((unit) =>
    isAffirmed('systemctl', ['is-active', '--quiet', unit]),
  );

  return name === undefined
    ? undefined
    : { stop: `systemctl stop ${name}`, start: `systemctl start ${name}` };
}

function isAffirmed(program: string, question: readonly string[]): boolean {
  const ended = runProgram(program, question, { timeoutMs: QUESTION_MS });

  return ended?.exitCode === 0;
}

function findInitScript(): ServiceWay | undefined {
  const script = LINUX_NAMES.map((name) => join(INIT_SCRIPTS, name)).find(
    (path) => existsSync(path),
  );

  return script === undefined ? undefined : wayOfScript(script);
}

function findMacService({ dir }: Installation): ServiceWay | undefined {
  const entry = LAUNCHD_ENTRIES.find((path) => existsSync(path));
  if (entry !== undefined) {
    return {
      stop: `launchctl unload ${entry}`,
      start: `launchctl load ${entry}`,
    };
  }

  const script = join(dir, 'KerioMailServer');

  return existsSync(script) ? wayOfScript(script) : undefined;
}

function wayOfScript(script: string): ServiceWay {
  const word = quoteWord(script);

  return { stop: `${word} stop`, start: `${word} start` };
}

function findWindowsService(): ServiceWay | undefined {
  const name = WINDOWS_NAMES.find((service) =>
    isAffirmed('sc', ['query', service]),
  );

  // Without /y: a service that depends on it would stop too, and nobody would start that again.
  return name === undefined
    ? undefined
    : { stop: `net stop ${name}`, start: `net start ${name}` };
}
