import { isJsonObject } from '../own-file.js';
import type { ProcessIdentity } from './process-identity.js';

/** Who holds a lock, as it was written down. */
export interface Holder extends ProcessIdentity {
  /** One lock's own, never used again. */
  readonly id: string;
  /** `backup full` */
  readonly command: string;
  /** RFC 3339, UTC; empty where an earlier version did not say. */
  readonly since: string;
  /** Whether the lock lies on a disk of the holder's machine alone. */
  readonly isOnLocalDisk: boolean;
  /** Written by version 0.1.0, which said less. */
  readonly isOldFormat: boolean;
}

const SCHEMA = 'kms-backup/lock/1';

export function formatHolder(holder: Holder): string {
  // What version 0.1.0 looks at, so that it takes no living lock over.
  const birth = holder.boot === '' ? '' : `${holder.boot}/${holder.started}`;

  return `${JSON.stringify({ schema: SCHEMA, ...holder, birth, isOldFormat: undefined }, undefined, 1)}\n`;
}

/** Undefined where the value names no process of a machine. */
export function parseHolder(json: unknown): Holder | undefined {
  if (!isJsonObject(json)) return undefined;

  const { pid, host } = json;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) {
    return undefined;
  }

  if (typeof host !== 'string' || host === '') return undefined;

  const told = {
    pid,
    host: word(host),
    command: word(json['command']) || 'a run',
    since: moment(json['since']),
  };

  return json['schema'] === SCHEMA
    ? { ...told, ...parseRest(json) }
    : { ...told, ...parseOldRest(json) };
}

type Rest = Omit<Holder, 'pid' | 'host' | 'command' | 'since'>;

function parseRest(json: Readonly<Record<string, unknown>>): Rest {
  const hardware = Array.isArray(json['hardware'])
    ? json['hardware'].map(word)
    : [];

  return {
    id: word(json['id']).replace(/[^0-9a-f]/g, ''),
    system: word(json['system']),
    boot: word(json['boot']),
    // What is not said counts as what proves less.
    isBootNested: json['isBootNested'] !== false,
    pidNamespace: word(json['pidNamespace']),
    timeNamespace: word(json['timeNamespace']),
    started: word(json['started']),
    machine: word(json['machine']),
    hardware: hardware.filter((address) => address !== ''),
    isOnLocalDisk: json['isOnLocalDisk'] === true,
    isOldFormat: false,
  };
}

/** Version 0.1.0 wrote `birth`: on Linux the boot id and the start, elsewhere nothing. */
function parseOldRest(json: Readonly<Record<string, unknown>>): Rest {
  const [boot = '', started = ''] = word(json['birth']).split('/');

  return {
    ...{
      id: '',
      system: '',
      boot,
      isBootNested: false,
      pidNamespace: '',
      timeNamespace: '',
      started,
    },
    ...{ machine: '', hardware: [], isOnLocalDisk: false, isOldFormat: true },
  };
}

/** A text for one line of a terminal, whoever wrote it. */
function word(json: unknown): string {
  return typeof json === 'string'
    ? json.replace(/[\u0000-\u001f\u007f-\u009f]/g, '').slice(0, 100)
    : '';
}

function moment(json: unknown): string {
  const date = new Date(typeof json === 'string' ? json : NaN);

  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
