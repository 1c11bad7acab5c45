import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HistoryRun } from '../../src/history/history-run.js';
import { readHistory } from '../../src/history/read-history.js';
import { temporaryDirectory } from '../helpers/configured-server.js';
import { canInject, kmsWithFaults } from '../helpers/faults.js';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { expectDone, expectEnd } from '../helpers/tools.js';

const NAME = 'kms-backup-history.jsonl';
const pathOf = ({ serverDir }: Installation): string => join(serverDir, NAME);
const runsOf = ({ serverDir }: Installation): HistoryRun[] =>
  readHistory(serverDir);
const newServer = (): Installation => buildInstallation(temporaryDirectory());
const told = ({ command, state, exitCode }: HistoryRun): unknown[] => [
  command,
  state,
  exitCode,
];

async function run(server: Installation, ...words: string[]) {
  return kmsInProcess([...words, '--server-dir', server.serverDir]);
}

describe('each command that acts', () => {
  it('is a run with its archive, its counts and its exit code', async () => {
    const server = newServer();
    expectDone(await run(server, 'backup', 'full'));
    expectDone(await run(server, 'verify'));
    expectDone(await run(server, 'rotate'));
    expectDone(await run(server, 'recover', server.backupDir, '--yes'));

    const runs = runsOf(server);
    expect(runs.map(told)).toEqual([
      ['backup full', 'done', 0],
      ['verify', 'done', 0],
      ['rotate', 'done', 0],
      ['recover', 'done', 0],
    ]);

    const [backup, verify] = runs;
    const archive = backup?.facts.archive;
    expect(archive).toMatch(/^F\d{8}T\d{6}Z\.zip$/);
    expect(backup?.place).toBe(server.backupDir);
    expect(backup?.facts.messages).toBeGreaterThan(0);
    expect(backup?.endedAt?.getTime()).toBeGreaterThanOrEqual(
      backup?.startedAt.getTime() ?? Infinity,
    );
    expect(verify?.facts.proven).toEqual([{ archive, by: 'verify' }]);
  });

  it('says what it read, copied, removed and recovered', async () => {
    const server = newServer();
    const second = `${server.backupDir}-second`;
    mkdirSync(second);
    expectDone(await run(server, 'backup', 'full'));
    expectDone(await run(server, 'backup', 'full'));
    expectDone(await run(server, 'replicate', '--to', second));
    expectDone(await run(server, 'verify'));
    expectDone(await run(server, 'rotate', '--keep', '1'));
    expectDone(await run(server, 'verify'));
    expectDone(await run(server, 'drill'));
    expectDone(await run(server, 'recover', server.backupDir, '--yes'));
    expectDone(await run(server, 'recover', '--rollback', '--yes'));
    expectDone(await run(server, 'recover', server.backupDir, '--yes'));
    expectDone(await run(server, 'recover', '--forget', '--yes'));

    const runs = runsOf(server);
    const [old, last] = runs.map(({ facts }) => facts);
    const { archive: from, messages, bytes = 0 } = last ?? {};
    const both = (old?.bytes ?? 0) + bytes;
    const { backupDir: place } = server;

    expect(runs.slice(2).map(({ facts }) => facts)).toMatchObject([
      { place, copied: 2, bytes: both },
      { place, verified: 2, messages: 2 * (messages ?? 0), bytes: both },
      { place, removed: 1, bytes: old?.bytes },
      { place, from, verified: 1, messages, bytes },
      { place, from },
      { place, from, messages },
      { act: 'rollback' },
      { place, from, messages },
      { act: 'forget' },
    ]);
    expect(runs.slice(2).map(({ facts }) => facts.archive)).toEqual(
      Array.from({ length: 9 }, () => undefined),
    );

    const { stdout } = await run(server, 'history');
    const [titles = '', ...rows] = stdout.trimEnd().split('\n');
    const column = titles.indexOf('WHAT');
    expect(rows.slice(2).map((row) => row.slice(column))).toEqual([
      '2 archives copied',
      '2 archives read',
      '1 archive removed',
      from,
      from,
      from,
      'took a recover back',
      from,
      'removed what recovers kept',
    ]);
  });

  it('from archives elsewhere makes no other place of the backups', async () => {
    const server = newServer();
    const elsewhere = `${server.backupDir} elsewhere`;
    expectDone(await run(server, 'backup', 'full'));
    cpSync(server.backupDir, elsewhere, { recursive: true });
    expectDone(await run(server, 'verify', elsewhere));
    expectDone(await run(server, 'recover', elsewhere, '--yes'));
    writeFileSync(join(server.serverDir, 'mailserver.cfg'), '<config');

    const { stdout } = await run(server, 'status');
    expect(stdout).toMatch(/^Archives .*, in .*/m);
    expect(stdout).not.toContain(elsewhere);
  });

  it('that only looks is none', async () => {
    const server = newServer();
    await run(server, 'backup', 'full', '--dry-run');
    await run(server, 'rotate', '--dry-run');
    await run(server, 'status');
    await run(server, 'doctor');
    await run(server, 'schedule', 'run', '--dry-run', '--even-if-disabled');

    expect(readdirSync(server.serverDir)).not.toContain(NAME);
  });

  it('is one where kms-backup.ini or mailserver.cfg is broken', async () => {
    const server = newServer();
    writeFileSync(join(server.serverDir, 'kms-backup.ini'), '[nothing]\n');
    expectEnd(await run(server, 'backup', 'full'), 2, 'CONFIGURATION');
    writeFileSync(join(server.serverDir, 'mailserver.cfg'), '<config');
    expectEnd(await run(server, 'backup', 'diff'), 2, 'CONFIGURATION');
    expectEnd(await run(server, 'schedule', 'run'), 2, 'CONFIGURATION');
    expectEnd(await run(server, 'schedule', 'run'), 2, 'CONFIGURATION');

    expect(runsOf(server).map(told)).toEqual([
      ['backup full', 'failed', 2],
      ['backup diff', 'failed', 2],
      ['schedule run', 'failed', 2],
    ]);
    expect(runsOf(server)[0]?.error?.message).toContain('[nothing]');
  });
});

describe.runIf(canInject)('a run that is killed', () => {
  it('has begun and died', () => {
    const server = newServer();
    kmsWithFaults(['backup', 'full', '--server-dir', server.serverDir], {
      inject: ['rename:signal=SIGKILL:when=1'],
    });

    expect(runsOf(server).map(told)).toEqual([
      ['backup full', 'died', undefined],
    ]);
  });
});

describe('the file', () => {
  it('is moved aside at 1 MiB, and a run that spans that is one run', async () => {
    const server = newServer();
    expectDone(await run(server, 'backup', 'full'));
    const [begun = '', ended = ''] = readFileSync(pathOf(server), 'utf8').split(
      '\n',
    );
    const filler = `${JSON.stringify({ schema: 'other/1', text: 'x'.repeat(1000) })}\n`;
    writeFileSync(pathOf(server), `${filler.repeat(1100)}${begun}\n`);
    expectDone(await run(server, 'verify'));
    appendFileSync(pathOf(server), `${ended}\n`);

    expect(readdirSync(server.serverDir)).toContain(
      'kms-backup-history.1.jsonl',
    );
    expect(statSync(pathOf(server)).size).toBeLessThan(10_000);
    expect(runsOf(server).map(told)).toEqual([
      ['backup full', 'done', 0],
      ['verify', 'done', 0],
    ]);
  });

  it('keeps a line that was cut off apart from the next', async () => {
    const server = newServer();
    expectDone(await run(server, 'backup', 'full'));
    truncateSync(pathOf(server), statSync(pathOf(server)).size - 20);
    expectDone(await run(server, 'rotate'));

    expect(runsOf(server).map(told)).toEqual([
      ['backup full', 'running', undefined],
      ['rotate', 'done', 0],
    ]);
  });

  it('that cannot be written is a note, and the backup is made', async () => {
    const server = newServer();
    mkdirSync(pathOf(server));
    const ended = await run(server, 'backup', 'full');

    expectDone(ended);
    expect(ended.stderr).toContain('this run is not written into');
    expect(runsOf(server)).toEqual([]);
  });

  it('keeps the rights that it was given', async () => {
    const server = newServer();
    expectDone(await run(server, 'backup', 'full'));
    chmodSync(pathOf(server), 0o640);
    expectDone(await run(server, 'rotate'));

    expect(statSync(pathOf(server)).mode & 0o777).toBe(0o640);
  });
});
