import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { FilesTask } from '../../../src/archive/write/pack-tasks.js';
import { ReadAhead } from '../../../src/archive/write/read-ahead.js';
import { DiskJudge, isSlow } from '../../../src/archive/write/read-pace.js';
import {
  WARM_BYTES,
  warmFiles,
} from '../../../src/archive/write/warm-files.js';
import { removeTemporary, temporaryDirectory } from '../../helpers/store.js';

const root = temporaryDirectory('read-ahead');
/** As from a disk that has to seek for every file. */
const SLOW = { files: 256, bytes: 256_000, ms: 2560 };
const FAST = { files: 256, bytes: 256_000, ms: 3 };
const ROUNDS = 40;

let ahead = new ReadAhead(0);
afterEach(() => ahead.close());
afterAll(() => {
  removeTemporary(root);
});

function taskOf(directory: string, ...names: string[]): FilesTask {
  return { kind: 'files', directory, prefix: '@backup/', names };
}

function folder(name: string, names: readonly string[]): string {
  const directory = join(root, name);
  mkdirSync(directory, { recursive: true });
  for (const one of names) writeFileSync(join(directory, one), one);

  return directory;
}

const directory = folder('few', ['a', 'b']);
const scratch = Buffer.alloc(WARM_BYTES);

/** Waits as a disk lets its readers wait, and tells so. */
function beSlow(): void {
  ahead.observe(SLOW);
  waitOften(SLOW.files);
  ahead.observe(SLOW);
}

function waitOften(times: number): void {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  for (let done = 0; done < times; done++) Atomics.wait(nothing, 0, 0, 0.05);
}

/** Takes tasks as the packer does, and tells how many the source had given when each was taken. */
async function packAll(): Promise<{ order: number[]; given: number[] }> {
  const tasks = Array.from({ length: ROUNDS }, () => taskOf(directory, 'a'));
  const order: number[] = [];
  const given: number[] = [];
  let count = 0;
  const source = (function* () {
    for (const task of tasks) {
      count++;
      yield task;
    }
  })();

  for (const task of ahead.inOrder(source)) {
    await ahead.whenRead(task);
    order.push(tasks.indexOf(task));
    given.push(count);
  }

  return { order, given };
}

const inTurn = Array.from({ length: ROUNDS }, (_, at) => at);
const oneByOne = inTurn.map((at) => at + 1);

describe('reading ahead', () => {
  it('begins where the disk lets its readers wait, a bounded distance ahead, and keeps the order', async () => {
    ahead = new ReadAhead(2);
    beSlow();
    const { order, given } = await packAll();

    expect(order).toEqual(inTurn);
    expect(given[0]).toBe(8);
    expect(Math.max(...given.map((count, at) => count - at))).toBe(8);
  });

  it('leaves alone what is read from memory', async () => {
    ahead = new ReadAhead(2);
    ahead.observe(FAST);
    ahead.observe(FAST);

    expect(await packAll()).toEqual({ order: inTurn, given: oneByOne });
  });

  it('is never done where it is set to 0, and by one thread where it is set to 1', async () => {
    ahead = new ReadAhead(0);
    beSlow();
    expect((await packAll()).given).toEqual(oneByOne);

    ahead = new ReadAhead(1);
    beSlow();
    expect((await packAll()).given[0]).toBe(4);
  });

  it('keeps nobody waiting when the run is stopped', async () => {
    ahead = new ReadAhead(4);
    beSlow();
    const tasks = Array.from({ length: 9 }, () => taskOf(directory, 'a'));
    const [first] = ahead.inOrder(tasks);
    ahead.stop(new Error('stopped'));
    for (const task of tasks) await ahead.whenRead(task);

    expect(first).toBe(tasks[0]);
    expect(ahead.whenRead(taskOf(directory, 'b'))).toBeUndefined();
  });

  it('takes a file that is gone, a folder and an unreadable place for nothing to be told of', () => {
    mkdirSync(join(directory, 'folder'), { recursive: true });
    const names = ['a', 'gone', 'folder', 'a/below', 'b'];

    expect(warmFiles(taskOf(directory, ...names), scratch)).toMatchObject({
      files: 5,
      bytes: 2,
    });
    expect(warmFiles(taskOf(join(root, 'no'), 'a'), scratch).bytes).toBe(0);
  });

  it('reads of a huge file its beginning alone', () => {
    const huge = join(folder('huge', ['x']), 'x');
    truncateSync(huge, 5e9);
    expect(warmFiles(taskOf(join(root, 'huge'), 'x'), scratch).bytes).toBe(
      WARM_BYTES,
    );
  });

  it.runIf(process.platform === 'linux')('takes nothing out of a pipe', () => {
    const pipe = join(directory, 'pipe');
    spawnSync('mkfifo', [pipe]);
    const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    writeSync(fd, 'kept');
    warmFiles(taskOf(directory, 'pipe'), scratch);

    const read = Buffer.alloc(9);
    expect(read.toString('utf8', 0, readSync(fd, read))).toBe('kept');
    closeSync(fd);
  });
});

describe('a disk', () => {
  it('is told from a busy machine, where reading takes long and nobody waits', () => {
    const disk = new DiskJudge();
    disk.judge(SLOW);
    expect(disk.judge(SLOW)).toBe(process.platform === 'win32');

    waitOften(SLOW.files);
    expect(disk.judge(SLOW)).toBe(true);
    waitOften(SLOW.files);
    expect(disk.judge(FAST)).toBe(false);
    expect(disk.judge({ ...SLOW, files: 20 })).toBeUndefined();
  });

  it('lets its readers wait where files take longer than from memory, whatever their size', () => {
    expect(isSlow({ files: 100, bytes: 1e6, ms: 5 })).toBe(false);
    expect(isSlow({ files: 100, bytes: 1e6, ms: 12 })).toBe(true);
    expect(isSlow({ files: 100, bytes: 1e8, ms: 80 })).toBe(false);
  });
});
