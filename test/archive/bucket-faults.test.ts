import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import {
  findIndexFault,
  listArchiveFiles,
  withoutIndex,
} from '../../src/archive/backup-directory.js';
import { verifyArchive } from '../../src/archive/verify.js';
import { KmsError, messageOf } from '../../src/errors.js';
import { offerIdentities } from '../../src/sealing/key-ring.js';
import {
  type ActPlace,
  BUCKET_ACTS,
  type BucketAct,
} from '../helpers/bucket-acts.js';
import { bucketOf } from '../helpers/bucket-host.js';
import { buildInstallation } from '../helpers/installation.js';
import { type S3Apart, startS3Apart } from '../helpers/s3-apart.js';
import type { S3Fault } from '../helpers/s3-server.js';
import { newKeyPair } from '../helpers/sealing.js';

/** A server that is in trouble once, and one that stays so. */
const TROUBLES: Readonly<Record<string, (at: number) => S3Fault>> = {
  'is refused': (at) => ({ at, does: { status: 403, code: 'AccessDenied' } }),
  'loses its answer': (at) => ({ at, does: 'lose' }),
  'is answered by a wrong bit': (at) => ({ at, does: 'flip' }),
  'is cut': (at) => ({ at, does: 'cut' }),
  'is the first of all that fail': (from) => ({
    from,
    does: 'reset',
    times: Infinity,
  }),
  'is the first of all that hang': (from) => ({
    from,
    does: 'lose-hang',
    times: Infinity,
  }),
};

/** Each of them meets each so-many-th request, or every one. */
const IS_THOROUGH = process.env['KMS_TEST_THOROUGH'] === '1';
const FULL_STRIDE = 37;
const STRIDE = 71;
/** As long as a hanging server is waited for. */
const HASTE = {
  connectMs: 2000,
  idleMs: 400,
  wholeMs: 5000,
  patienceMs: 120,
  firstPatienceMs: 120,
  pauseMs: 4,
};

let s3: S3Apart | undefined;
let opened: string | undefined;

/** A server, a bucket and what the act finds there. */
class Scene {
  private constructor(
    readonly act: BucketAct,
    readonly place: ActPlace,
    readonly s3: S3Apart,
  ) {}

  static async of(act: BucketAct): Promise<Scene> {
    const dir = mkdtempSync(join(tmpdir(), 'kms-bucket-faults-'));
    const server = buildInstallation(join(dir, 'server'));
    opened = dir;
    const running = (s3 ??= await startS3Apart());
    Object.assign(process.env, running.env);
    const sealing = act.isSealed && (await makeKeys(dir));
    const bucket: ActPlace['bucket'] = (changes = {}) =>
      bucketOf(running, join(dir, 'host'), {
        ...sealing,
        ...changes,
      });

    mkdirSync(join(dir, 'host'));
    for (const key of await running.keys()) await running.remove(key);
    const scene = new Scene(act, { dir, server, bucket }, running);
    await act.prepare(scene.place);
    await running.save();
    cpSync(join(dir, 'host'), join(dir, 'kept'), { recursive: true });

    return scene;
  }

  /** As after its preparation. */
  async startAnew(): Promise<void> {
    const { dir } = this.place;
    await this.s3.faults([]);
    await this.s3.restore();
    rmSync(join(dir, 'host'), { recursive: true });
    cpSync(join(dir, 'kept'), join(dir, 'host'), { recursive: true });
    await this.s3.forget();
  }

  async shown(): Promise<string[]> {
    const archives = await listArchiveFiles(this.place.bucket()).catch(
      (error: unknown) => {
        // Nothing is there yet.
        expect(error).toMatchObject({ exitCode: 10 });
        return [];
      },
    );

    return archives.map(({ stem }) => stem);
  }
}

async function makeKeys(
  dir: string,
): Promise<{ recipients: string[]; identityFile: string }> {
  const { identity, recipient } = await newKeyPair();
  const identityFile = join(dir, 'identity');
  writeFileSync(identityFile, identity, { mode: 0o600 });
  offerIdentities({
    findFile: () => Promise.resolve(identityFile),
    askPassphrase: () => Promise.reject(new Error('nobody is asked')),
  });

  return { recipients: [recipient], identityFile };
}

afterEach(() => {
  offerIdentities(undefined);
  if (opened !== undefined) rmSync(opened, { recursive: true });
  opened = undefined;
});

afterAll(() => s3?.close());

/** Every archive that is shown is sealed and sound, and nothing else is there. */
async function expectWhole({ place, s3: server }: Scene, where: string) {
  const keys = (await server.keys()).map((key) => key.slice('mail/'.length));
  const archives = await listArchiveFiles(place.bucket());
  const names = archives.flatMap(({ stem, volumes }) => [
    ...volumes.map(({ storedAs }) => storedAs),
    ...keys.filter((key) => key.startsWith(`${stem}.index.zip`)),
    `${stem}.seal.json`,
  ]);
  expect(keys, where).toEqual(names.sort());

  for (const archive of archives) {
    expect(await findIndexFault(archive), where).toBeUndefined();
    const verdict = await verifyArchive(withoutIndex(archive), {});
    expect(verdict, `${where}: ${JSON.stringify(verdict)}`).toMatchObject({
      isSound: true,
    });
  }
}

/** Nothing that a run has begun is left, there or on this machine. */
async function expectTidy({ place, s3: server }: Scene, where: string) {
  expect(await server.uploads(), where).toEqual([]);
  const host = join(place.dir, 'host');
  expect(readdirSync(host).join(), where).not.toContain('publication');
  const spool = join(host, 'spool');
  expect(existsSync(spool) ? readdirSync(spool) : [], where).toEqual([]);
}

async function disturb(scene: Scene, trouble: S3Fault): Promise<void> {
  const { act, place, s3: server } = scene;
  const before = await scene.shown();
  await server.forget();
  await server.faults([trouble]);
  const error: unknown = await act.run(place, HASTE).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const at = trouble.at ?? trouble.from ?? 0;
  const met = (await server.requests())[at - 1];
  const where = `request ${String(at)}, ${String(met?.method)} ${String(met?.key)}: ${error === undefined ? 'done' : messageOf(error)}`;
  if (error !== undefined) {
    expect(error, where).toBeInstanceOf(KmsError);
    expect([1, 3, 4, 10], where).toContain((error as KmsError).exitCode);
  }

  await server.faults([]);
  act.check?.(place, error === undefined);
  const shown = await scene.shown();
  expect(shown, where).toEqual(
    expect.arrayContaining(before.filter((stem) => act.keeps.includes(stem))),
  );

  await act.next(place);
  act.check?.(place, true);
  await expectTidy(scene, where);
  await expectWhole(scene, where);
  expect(await scene.shown(), where).toEqual(
    expect.arrayContaining([...act.keeps]),
  );
}

describe.each(Object.entries(BUCKET_ACTS))('%s', (name, act) => {
  it('of which one request fails leaves the old state or the new one, and nothing behind the next run', async () => {
    const scene = await Scene.of(act);
    await scene.startAnew();
    await act.run(scene.place, undefined);
    const requests = (await scene.s3.requests()).length;
    const usual = name === 'a full' ? FULL_STRIDE : STRIDE;
    const stride = IS_THOROUGH ? 1 : Math.min(usual, requests);
    const troubles = Object.values(TROUBLES);

    for (const [number, trouble] of troubles.entries()) {
      const offset = Math.floor((number * stride) / troubles.length);
      for (let at = 1 + offset; at <= requests; at += stride) {
        await scene.startAnew();
        await disturb(scene, trouble(at));
      }
    }
  });
});
