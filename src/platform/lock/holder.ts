import { isJsonObject } from '../own-file.js';
import type { ProcessIdentity } from './process-identity.js';

/** The holder of a lock, as the lock names it. */
export interface Holder extends ProcessIdentity {
  /** An id of this one lock, never used again. */
  readonly id: string;
  /** `backup full` */
  readonly command: string;
  /** RFC 3339, UTC; empty where an earlier version wrote none. */
  readonly since: string;
  /** The lock lies on a disk that the holder's machine alone has mounted. */
  readonly isOnLocalDisk: boolean;
  /** Version 0.1.0 wrote the lock, with fewer fields. */
  readonly isOldFormat: boolean;
}

const SCHEMA = 'kms-backup/lock/1';

export function formatHolder(holder: Holder): string {
  // Version 0.1.0 reads this field, and takes no lock over whose holder lives.
  const birth = holder.boot === '' ? '' : `${holder.boot}/${holder.started}`;

  return `${JSON.stringify({ schema: SCHEMA, ...holder, birth, isOldFormat: undefined }, undefined, 1)}\n`;
}

/** Returns undefined where the value names no process of a machine. */
export function parseHolder(json: unknown): Holder | undefined {
  if (!isJsonObject(json)) return undefined;

  const { pid, host } = json;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) {
    return undefined;
  }

  if (typeof host !== 'string' || host === '') return undefined;

  const common = {
    pid,
    host: word(host),
    command: word(json['command']) || 'a run',
    since: moment(json['since']),
  };

  return json['schema'] === SCHEMA
    ? { ...common, ...parseRest(json) }
    : { ...common, ...parseOldRest(json) };
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
    // A missing field counts as the value that proves less.
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

/** Returns a text that is safe to print in one line of a terminal. */
function word(json: unknown): string {
  return typeof json === 'string'
    ? json.replace(/[\u0000-\u001f\u007f-\u009f]/g, '').slice(0, 100)
    : '';
}

function moment(json: unknown): string {
  const date = new Date(typeof json === 'string' ? json : NaN);

  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
