import { describe, expect, it } from 'vitest';
import { type Holder, parseHolder } from '../../src/platform/lock/holder.js';
import {
  judgeHolder,
  type Witness,
} from '../../src/platform/lock/judge-holder.js';

const FIRST = 'pid:[4026531836]';
const IDENTITY = {
  ...{
    pid: 4711,
    host: 'mail1',
    system: 'linux',
    boot: 'boot-1',
    isBootNested: false,
    pidNamespace: FIRST,
  },
  ...{
    timeNamespace: 'time:[1]',
    started: '500',
    machine: 'machine-1',
    hardware: ['00:16:3e:00:00:01'],
  },
};
const HOLDER: Holder = {
  ...{
    ...IDENTITY,
    id: 'ab',
    command: 'backup full',
    since: '2026-11-20T01:00:00.000Z',
  },
  ...{ isOnLocalDisk: false, isOldFormat: false },
};
const OLD = {
  host: 'mail1',
  pid: 4711,
  command: 'backup full',
  since: '2026-11-20T01:00:00.000Z',
};

const witness = (
  change: Partial<Witness> = {},
  here: Partial<Holder> = {},
): Witness => ({
  here: { ...IDENTITY, ...here },
  isOnLocalDisk: false,
  bootedAt: new Date('2026-11-19T00:00:00Z'),
  findProcess: () => ({ started: '500', isZombie: false }),
  startsOfAllProcesses: () => undefined,
  ...change,
});
const old = (birth: string): Holder => parseHolder({ ...OLD, birth }) as Holder;

const gone = { findProcess: (): 'gone' => 'gone' };
const rebooted = { boot: 'boot-2' };
const container = { pidNamespace: 'pid:[4026532200]' };
const windows = {
  system: 'win32',
  boot: '',
  pidNamespace: '',
  timeNamespace: '',
  started: '',
};

describe('the holder of a lock', () => {
  it.each<[string, Holder, Witness, string]>([
    ['lives', HOLDER, witness(), 'lives here'],
    ['is gone', HOLDER, witness(gone), 'dead'],
    [
      'is gone, the machine was renamed',
      HOLDER,
      witness(gone, { host: 'mail2' }),
      'dead',
    ],
    [
      'has left its number to another',
      HOLDER,
      witness({ findProcess: () => ({ started: '9', isZombie: false }) }),
      'dead',
    ],
    [
      'waits as a zombie',
      HOLDER,
      witness({ findProcess: () => ({ started: '500', isZombie: true }) }),
      'dead',
    ],
    [
      'has an unknown start',
      HOLDER,
      witness({ findProcess: () => 'there' }),
      'lives here',
    ],
    [
      'is in another time namespace',
      HOLDER,
      witness(
        { findProcess: () => ({ started: '9', isZombie: false }) },
        { timeNamespace: 'time:[2]' },
      ),
      'lives here',
    ],
    [
      'is in another container',
      HOLDER,
      witness(gone, container),
      'may live in another container',
    ],
    [
      'was in a container, seen from outside',
      { ...HOLDER, ...container },
      witness({ ...gone, startsOfAllProcesses: () => new Set(['1']) }),
      'dead',
    ],
    [
      'is in a container, seen from outside',
      { ...HOLDER, ...container },
      witness({ ...gone, startsOfAllProcesses: () => new Set(['1', '500']) }),
      'may live in another container',
    ],
    [
      'was of the boot before, on a share',
      HOLDER,
      witness(gone, rebooted),
      'dead',
    ],
    [
      'is a clone',
      HOLDER,
      witness(gone, { ...rebooted, hardware: ['00:16:3e:00:00:02'] }),
      'may live on another machine',
    ],
    [
      'is another machine',
      HOLDER,
      witness(gone, { ...rebooted, machine: 'm2' }),
      'may live on another machine',
    ],
    [
      'is a container elsewhere',
      HOLDER,
      witness(gone, { ...rebooted, ...container }),
      'may live on another machine',
    ],
    [
      'was in a container of the boot before, on a local disk',
      { ...HOLDER, ...container, isOnLocalDisk: true },
      witness(
        { ...gone, isOnLocalDisk: true },
        { ...rebooted, ...container, host: 'x' },
      ),
      'dead',
    ],
    [
      'is a client of the share that lies here',
      HOLDER,
      witness({ ...gone, isOnLocalDisk: true }, { ...rebooted, machine: 'm2' }),
      'may live on another machine',
    ],
    [
      'is in a container with a boot id of its own',
      { ...HOLDER, isOnLocalDisk: true, isBootNested: true },
      witness({ ...gone, isOnLocalDisk: true }, rebooted),
      'may live on another machine',
    ],
    [
      'is gone, on Windows',
      { ...HOLDER, ...windows },
      witness(gone, windows),
      'dead',
    ],
    [
      'lives, on Windows',
      { ...HOLDER, ...windows },
      witness({}, windows),
      'lives here',
    ],
    [
      'was of a start before, on Windows',
      { ...HOLDER, ...windows },
      witness({ bootedAt: new Date('2026-11-21T00:00:00Z') }, windows),
      'dead',
    ],
    [
      'is of another Windows machine',
      { ...HOLDER, ...windows },
      witness(gone, { ...windows, host: 'x' }),
      'may live on another machine',
    ],
    [
      'is a Linux without /proc',
      { ...HOLDER, boot: '' },
      witness(gone, { boot: '' }),
      'may live on another machine',
    ],
    [
      'is of 0.1.0 and gone',
      old('boot-1/500'),
      witness({ startsOfAllProcesses: () => new Set(['1']) }),
      'dead',
    ],
    [
      'is of 0.1.0 and lives',
      old('boot-1/500'),
      witness({ startsOfAllProcesses: () => new Set(['500']) }),
      'lives here',
    ],
    [
      'is of 0.1.0, seen from a container',
      old('boot-1/500'),
      witness(gone, container),
      'may live in another container',
    ],
    [
      'is of 0.1.0 and the boot before, on a local disk',
      old('boot-0/500'),
      witness({ isOnLocalDisk: true }),
      'dead',
    ],
    [
      'is of 0.1.0 and the boot before, on a share',
      old('boot-0/500'),
      witness(),
      'may live on another machine',
    ],
    ['is of 0.1.0, of macOS, and gone', old(''), witness(gone), 'dead'],
  ])('%s', (_, holder, judge, verdict) => {
    expect(judgeHolder(holder, judge)).toBe(verdict);
  });

  it.each([
    null,
    {},
    [],
    5,
    'x',
    { pid: 0, host: 'a' },
    { pid: '7', host: 'a' },
    { pid: 7 },
    { pid: 7, host: '' },
  ])('is nobody in %j', (json) => {
    expect(parseHolder(json)).toBeUndefined();
  });
});
