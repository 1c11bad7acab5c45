/**
 * How to tell about runs, also where kms-backup.ini or mailserver.cfg is broken: by the sections that still can be understood, and for
 * the others by what the last sound look at both files found. That is kept in `kms-backup-telling.json` beside mailserver.cfg, readable
 * for its owner alone: addresses of `[notify]` and `[ping]` are secrets.
 */
import { join } from 'node:path';
import { ConfigurationError, KmsError, messageOf } from '../errors.js';
import {
  isJsonObject,
  readOwnJson,
  replaceOwnFile,
} from '../platform/own-file.js';
import { tellStep } from '../platform/steps.js';
import type { Installation } from '../server/installation.js';
import { readSettings } from '../server/settings.js';
import {
  glimpseIni,
  type IniGlimpse,
  parseIniText,
  readIniText,
} from '../settings/ini-file.js';
import type { IniSettings } from '../settings/ini-settings.js';
import type { ServerMailFacts } from './mail-route.js';

export interface Telling {
  readonly settings: IniSettings;
  readonly server: ServerMailFacts;
  /** Which ways cannot be read, nor are known from before, each a sentence. */
  readonly gaps: readonly string[];
}

/** The texts of the last sound look. */
interface Remembered {
  readonly ini: string;
  readonly server: ServerMailFacts;
}

/** The sections that say how runs are told. What `[hooks]` says is not remembered: nobody wants an old command to run. */
const SECTIONS = ['smtp', 'metrics', 'ping', 'notify', 'status'] as const;

const FILE = 'kms-backup-telling.json';
const SCHEMA = 'kms-backup/telling/1';
const NOBODY: ServerMailFacts = {
  notifyAddress: '',
  hostname: '',
  mail: {
    smtpPort: 25,
  },
};

/** Never fails. Where both files are sound, it remembers them for the day on which they are not. */
export function readTelling(installation: Installation): Telling {
  const { dir } = installation;
  const remembered = recall(dir);
  const glimpse = lookAtIni(dir);
  const server = readServer(installation);

  if (glimpse?.isSound && server) {
    remember(dir, { ini: glimpse.text, server }, remembered);
  }

  const before = remembered && parseBefore(remembered.ini, dir);
  const { settings, gaps } = mergeIni(dir, glimpse, before);
  const facts = server ?? remembered?.server;

  return {
    settings,
    server: facts ?? NOBODY,
    gaps:
      facts || settings.smtp.to !== undefined
        ? gaps
        : [...gaps, unknownTo('the notification address of mailserver.cfg')],
  };
}

function mergeIni(
  dir: string,
  glimpse: IniGlimpse | undefined,
  before: IniSettings | undefined,
): { settings: IniSettings; gaps: string[] } {
  if (glimpse?.isSound) return { settings: glimpse.settings, gaps: [] };

  const present = glimpse?.settings ?? parseIniText('', dir);
  const isLost = (section: string): boolean =>
    glimpse?.sections.get(section) !== 'sound';
  const lost = SECTIONS.filter(isLost);
  const told = Object.fromEntries(
    lost.map((section) => [section, (before ?? present)[section]]),
  );
  // A section that is not there may never have been.
  const broken = glimpse
    ? lost.filter((section) => glimpse.sections.has(section))
    : lost;

  return {
    settings: {
      ...present,
      hooks: isLost('hooks') ? parseIniText('', dir).hooks : present.hooks,
      ...told,
    },
    gaps:
      before || broken.length === 0
        ? []
        : [unknownTo(broken.map((name) => `[${name}]`).join(', '))],
  };
}

function unknownTo(what: string): string {
  return `nobody can tell what ${what} says, and no run before has remembered it`;
}

function lookAtIni(dir: string): IniGlimpse | undefined {
  try {
    return glimpseIni(readIniText(dir), dir);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;

    return undefined;
  }
}

function readServer(installation: Installation): ServerMailFacts | undefined {
  try {
    const { notifyAddress, hostname, mail } = readSettings(installation);

    return { notifyAddress, hostname, mail: { smtpPort: mail.smtpPort } };
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return undefined;
  }
}

function recall(dir: string): Remembered | undefined {
  const file = readOwnJson(join(dir, FILE), parse);

  return file.state === 'sound' ? file.value : undefined;
}

/** Another version of this program may have known more. */
function parseBefore(text: string, dir: string): IniSettings | undefined {
  try {
    return parseIniText(text, dir);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;

    return undefined;
  }
}

function remember(
  dir: string,
  now: Remembered,
  before: Remembered | undefined,
): void {
  if (JSON.stringify(now) === JSON.stringify(before)) return;

  try {
    const text = JSON.stringify({ schema: SCHEMA, ...now }, undefined, 2);
    replaceOwnFile(join(dir, FILE), `${text}\n`);
  } catch (error) {
    tellStep(`how runs are told is not remembered: ${messageOf(error)}`);
  }
}

function parse(json: unknown): Remembered | undefined {
  if (!isJsonObject(json) || json['schema'] !== SCHEMA) return undefined;

  const { ini, server } = json;
  if (typeof ini !== 'string' || !isJsonObject(server)) return undefined;

  const { notifyAddress, hostname, mail } = server;
  const smtpPort = isJsonObject(mail) ? mail['smtpPort'] : undefined;
  if (typeof notifyAddress !== 'string' || typeof hostname !== 'string') {
    return undefined;
  }

  return typeof smtpPort === 'number'
    ? { ini, server: { notifyAddress, hostname, mail: { smtpPort } } }
    : undefined;
}
