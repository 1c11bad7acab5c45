/** The methods of the stand-in (admin-server.ts), with exactly the names and types of the published interface. */
import { randomUUID } from 'node:crypto';
import type { Manner } from './admin-server.js';

export type Json = Record<string, unknown>;

/** A shape of a struct, by field: a type, several words, or another struct. */
type Shape = { readonly [field: string]: string | readonly string[] | Shape };

const TYPES = ['backupTypeFull', 'backupTypeDifferential', 'backupTypeMirror'];
const DAYS = [
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
  'Sunday',
];

const OPTIONS: Shape = {
  paths: { storePath: 'string', archivePath: 'string', backupPath: 'string' },
  isEnabled: 'boolean',
  splitSizeLimit: 'number',
  rotationLimit: 'number',
  networkDiskUserName: 'string',
  networkDiskPassword: 'string',
  notificationEmailAddress: 'string',
};
const TASK: Shape = {
  isEnabled: 'boolean',
  type: TYPES,
  day: DAYS,
  time: { hours: 'number', minutes: 'number', seconds: 'number' },
  description: 'string',
};
const LEAF: Shape = {
  id: 'number',
  parentName: 'string',
  description: 'string',
  enabled: 'boolean',
};
const QUERY: Shape = {
  fields: 'array',
  conditions: 'array',
  combining: ['Or', 'And'],
  start: 'number',
  limit: 'number',
  orderBy: 'array',
};

export class RpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly words: readonly string[] = [],
  ) {
    super(message);
  }

  toJson(): Json {
    return {
      code: this.code,
      message: this.message,
      data: {
        messageParameters: { positionalParameters: this.words, plurality: 1 },
      },
    };
  }
}

export interface AdminState {
  options: Json & { paths: Json };
  tasks: Json[];
  /** Beside the leaf that is ours. */
  isLogged: boolean;
  log: string[];
  /** So many readings of the options until now. */
  readings: number;
  /** The same of the log. */
  logReadings: number;
  /** Undefined: no copy is made. */
  run: { polls: number; failed: boolean } | undefined;
  lastStatus: string;
  lastMirror: Date | undefined;
  readonly writeCopy: (() => Promise<Date>) | undefined;
}

interface Server {
  readonly manner: Manner;
  readonly state: AdminState;
}

export function makeState({
  storeDir,
  backupDir,
  writeCopy,
}: {
  readonly storeDir: string;
  readonly backupDir: string;
  readonly writeCopy?: () => Promise<Date>;
}): AdminState {
  const task = (day: string, type: string): Json => ({
    id: `keriodb://backupschedule/${randomUUID()}`,
    isEnabled: true,
    type,
    day,
    time: { hours: 1, minutes: 0, seconds: 0, extra: 1 },
    description: `${day} <&> "run"`,
    extra: 'kept',
  });

  return {
    options: {
      paths: {
        storePath: storeDir,
        archivePath: `${storeDir}/archive`,
        backupPath: backupDir,
        extra: 1,
      },
      isEnabled: true,
      splitSizeLimit: 2048,
      rotationLimit: 7,
      networkDiskUserName: '',
      networkDiskPassword: '',
      notificationEmailAddress: '',
      extra: { kept: true },
    },
    tasks: [
      task('Sunday', 'backupTypeFull'),
      task('Monday', 'backupTypeDifferential'),
    ],
    isLogged: false,
    log: [],
    readings: 0,
    logReadings: 0,
    run: undefined,
    lastStatus: 'backupStatusNone',
    lastMirror: undefined,
    writeCopy,
  };
}

/** @throws {RpcError} */
export async function answerCall(
  server: Server,
  method: string,
  params: Json,
): Promise<Json> {
  const answer = METHODS[method];
  if (!answer) throw new RpcError(-32601, 'Method not found.');

  const { role } = server.manner;
  const isWrite = /^Backup\.(set|start)|^Logs\.set/.test(method);
  const isOurs = /^(Backup|Logs)\./.test(method);
  const isAllowed =
    role === 'FullAdmin' || role === 'BuiltInAdmin' || !isOurs
      ? true
      : role === 'Auditor' && !isWrite;
  if (!isAllowed) throw new RpcError(1004, 'Access denied.');

  return answer(server, params);
}

const METHODS: Readonly<
  Record<string, (server: Server, params: Json) => Json | Promise<Json>>
> = {
  'Session.whoAmI': ({ manner }) => ({
    userDetails: {
      id: '',
      domainId: '',
      loginName: 'Admin',
      fullName: 'Administrator',
      effectiveRole: {
        userRole: manner.role,
        publicFolderRight: true,
        archiveFolderRight: true,
      },
    },
  }),
  'Server.getVersion': () => ({
    product: 'Kerio Connect',
    version: '10.0.8.9228',
    major: 10,
    minor: 0,
    revision: 8,
    build: 9228,
  }),
  'Backup.get': (server) => {
    const { state, manner } = server;
    state.readings++;
    if (manner.otherComesBefore.includes(state.readings)) {
      state.options['notificationEmailAddress'] =
        `other${String(state.readings)}@example.com`;
    }

    return {
      options: {
        ...state.options,
        status: statusOf(server),
        networkDiskPassword: manner.diskPassword,
      },
    };
  },
  'Backup.set': ({ state, manner }, params) => {
    const { optionsSet } = manner;
    const given = params['options'];
    const shape = optionsSet === 'no-status' ? OPTIONS : withStatus(OPTIONS);
    check(given, shape, optionsSet === 'all');
    if (manner.ignoresSet) return {};

    const { paths, ...rest } = given as Json & { paths?: Json };
    Object.assign(state.options, rest);
    Object.assign(state.options.paths, paths);
    if (manner.setsMore) state.options['isEnabled'] = false;
    if (manner.capsSize) {
      state.options['splitSizeLimit'] = Math.min(
        2047,
        state.options['splitSizeLimit'] as number,
      );
    }

    return {};
  },
  'Backup.getScheduleList': ({ state }, params) => {
    check(params['query'], QUERY, true);

    return { scheduleList: state.tasks };
  },
  'Backup.setScheduleList': ({ state, manner }, params) => {
    const list = params['scheduleList'];
    if (!Array.isArray(list)) throw invalid();

    for (const task of list as Json[]) {
      check(task, { ...TASK, id: 'string' }, false);
      check({ id: '', ...task }, { ...TASK, id: 'string' }, true);
      if (task['id'] === undefined && manner.newTask === 'empty-id') {
        throw invalid();
      }
    }

    if (manner.ignoresSet) return {};

    const tasks = (list as Json[]).map((task) => {
      const isNew = task['id'] === undefined || task['id'] === '';
      const id = `keriodb://backupschedule/${randomUUID()}`;

      return isNew || manner.taskIds === 'new'
        ? { extra: 'new', ...task, id }
        : task;
    });
    state.tasks = manner.setsMore ? tasks.slice(1) : tasks;

    return {};
  },
  'Backup.getStatus': async (server) => {
    await advance(server);

    return { status: statusOf(server) };
  },
  'Backup.start': ({ state, manner }, params) => {
    if (!TYPES.includes(params['backupType'] as string)) throw invalid();
    if (state.run) {
      if (manner.startWhileRunning === 'ignored') return {};
      throw new RpcError(1000, 'Operation failed: %1 is running.', [
        'a backup',
      ]);
    }

    if (manner.copy === 'failed-at-once') {
      state.lastStatus = 'backupStatusFailed';
    } else if (manner.copy !== 'never') {
      const polls = manner.progress === 'at-once' ? 1 : 0;
      state.run = { polls, failed: manner.copy === 'failed' };
    }

    return {};
  },
  'Logs.getLogSet': () => ({
    logSet: [{ logName: 'debug', hasMessages: true }],
  }),
  'Logs.getMessages': (server) => ({ messages: leavesOf(server) }),
  'Logs.setMessages': (server, params) => {
    const { state, manner } = server;
    const list = params['messages'];
    if (!Array.isArray(list)) throw invalid();
    for (const leaf of list as unknown[]) check(leaf, LEAF, true);

    const leaves = leavesOf(server);
    if (manner.messagesSet === 'changed' && list.length === leaves.length) {
      throw invalid();
    }

    if (manner.ignoresSet) return {};
    const ours = (list as Json[]).find(({ id }) => id === 100);
    state.isLogged = ours?.['enabled'] === true;

    return {};
  },
  'Logs.get': ({ state, manner }, params) => {
    check(
      params,
      { logName: 'string', fromLine: 'number', countLines: 'number' },
      true,
    );
    const count = params['countLines'] as number;
    const from = params['fromLine'] as number;
    if (count > 50_000) throw invalid();

    const { otherLogBefore: other, behindTheEnd } = manner;
    if (other?.reading === ++state.logReadings) state.log = [...other.log];

    const { log } = state;
    const isBehind = from >= log.length && behindTheEnd === 'last-lines';
    const start =
      from === -1 || isBehind ? Math.max(0, log.length - count) : from;
    const viewport = log
      .slice(start, start + count)
      .map((content) => ({ content, highlight: '', extra: 1 }));
    const totalItems =
      manner.totalItems === 'log' ? log.length : viewport.length;

    return { viewport, totalItems };
  },
};

function leavesOf({ state, manner }: Server): Json[] {
  const leaf = (id: number, description: string, enabled: boolean): Json => ({
    id,
    parentName: 'Store',
    description,
    enabled,
    extra: id,
  });

  return [
    leaf(1, 'SMTP Server', true),
    ...manner.leaf.map((name, index) =>
      leaf(100 + index, name, state.isLogged),
    ),
    leaf(3, 'Store Backup Engine', false),
  ];
}

/** One poll further. */
async function advance({ state }: Server): Promise<void> {
  if (!state.run) return;

  state.run.polls++;
  if (state.run.polls < 3) return;

  if (state.run.failed) {
    state.lastStatus = 'backupStatusFailed';
  } else {
    state.lastMirror = (await state.writeCopy?.()) ?? new Date();
    state.lastStatus = 'backupStatusSuccessful';
  }

  state.run = undefined;
}

function statusOf({ state, manner }: Server): Json {
  const { run, lastStatus, lastMirror } = state;
  const isShown = run !== undefined && run.polls > 0;
  const none = { isCreated: false, created: '', size: bytes(0) };

  return {
    backupInProgress: isShown,
    percents: isShown ? Math.min(99, run.polls * 20) : 0,
    lastBackupStatus: lastStatus,
    elapsedTime: { days: 0, hours: 0, minutes: 1 },
    remainingTime: { days: 0, hours: 0, minutes: 2 },
    lastFull: none,
    lastDifferential: none,
    lastMirror: lastMirror
      ? {
          isCreated: true,
          created: timeText(lastMirror, manner.times),
          size: bytes(12),
        }
      : none,
    extra: 1,
  };
}

const bytes = (value: number): Json => ({ value, units: 'KiloBytes' });

function timeText(date: Date, times: Manner['times']): string {
  const dashes = date.toISOString().replace(/\.\d+/, '');
  const plain = dashes.replaceAll(/[-:]/g, '');
  if (times === 'dashes') return dashes;

  return times === 'zone' ? plain.replace('Z', '+0000') : plain;
}

const withStatus = (shape: Shape): Shape => ({ ...shape, status: 'object' });
const invalid = (): RpcError => new RpcError(-32602, 'Invalid params.');

/** @throws {RpcError} for a wrong type, an unknown word or, where all is needed, a field that is missing */
function check(value: unknown, shape: Shape, isWhole: boolean): void {
  if (typeof value !== 'object' || value === null) throw invalid();

  for (const [field, wanted] of Object.entries(shape)) {
    const found = (value as Json)[field];
    if (found === undefined) {
      if (isWhole && field !== 'status') throw invalid();
    } else {
      checkField(found, wanted, isWhole);
    }
  }

  const isStatusRefused = !('status' in shape) && 'status' in value;
  if (isStatusRefused && shape === OPTIONS) throw invalid();
}

function checkField(
  found: unknown,
  wanted: Shape[string],
  isWhole: boolean,
): void {
  if (typeof wanted === 'string') {
    const type = Array.isArray(found) ? 'array' : typeof found;
    if (found === null || type !== wanted) throw invalid();
  } else if (Array.isArray(wanted)) {
    if (!wanted.includes(found)) throw invalid();
  } else {
    check(found, wanted as Shape, isWhole);
  }
}
