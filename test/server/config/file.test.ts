import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  ConfigurationError,
  EngineRunningError,
  LockedError,
} from '../../../src/errors.js';
import { systemClock } from '../../../src/platform/clock.js';
import { acquireLock } from '../../../src/platform/lock.js';
import type { ConfigChange } from '../../../src/server/config/change.js';
import { mailserverConfig } from '../../../src/server/config/file.js';
import { parseConfigDocument } from '../../../src/server/config/document.js';
import { decodeConfigText } from '../../../src/server/config/text.js';
import { findInstallation } from '../../../src/server/installation.js';
import type { Installation } from '../../../src/server/installation.js';
import { readSettings } from '../../../src/server/settings.js';
import {
  type EditOptions,
  type EditReport,
  editSettings,
} from '../../../src/server/settings-source.js';
import { documents } from '../../helpers/config-documents.js';
import {
  makeInstallation,
  temporaryDirectory,
} from '../../helpers/configured-server.js';
import {
  canInject,
  kmsWithFaults,
  nodeWithFaults,
  wasKilled,
} from '../../helpers/faults.js';
import { sampleConfig, STORE_BACKUP } from '../../helpers/mailserver-config.js';
import { canBeNobody } from '../../helpers/tools.js';

const options: EditOptions = {
  command: 'config set',
  clock: systemClock,
  isForced: false,
};
const set = (name: string, value: string): ConfigChange => ({
  kind: 'set',
  table: 'StoreBackup',
  name,
  value,
});

function editConfig(
  installation: Installation,
  edit: EditOptions,
  plan: () => ConfigChange[],
): Promise<EditReport> {
  return editSettings(mailserverConfig(installation), edit, plan);
}

const dist = fileURLToPath(new URL('../../../dist/', import.meta.url));
const isRoot = process.getuid?.() === 0;

/** A program that edits one setting of an installation, for tests that kill it or run it beside another. */
function editor(
  dir: string,
  name: string,
  values: readonly string[],
): string[] {
  const script = `
    import { mailserverConfig } from ${JSON.stringify(`${dist}server/config/file.js`)};
    import { editSettings } from ${JSON.stringify(`${dist}server/settings-source.js`)};
    import { findInstallation } from ${JSON.stringify(`${dist}server/installation.js`)};
    const installation = findInstallation({ serverDir: ${JSON.stringify(dir)} });
    for (const value of ${JSON.stringify(values)}) {
      const options = { command: 'config set', clock: () => new Date(), isForced: false };
      await editSettings(mailserverConfig(installation), options, () => [{ kind: 'set', table: 'StoreBackup', name: ${JSON.stringify(name)}, value }]);
    }`;
  return ['--input-type=module', '-e', script];
}

describe('editing the file', () => {
  it('keeps mode and owner, and the previous content beside it', async () => {
    const installation = makeInstallation();
    chmodSync(installation.configPath, 0o640);
    const before = readFileSync(installation.configPath);
    const report = await editConfig(installation, options, () => [
      set('RotationLimit', '3'),
    ]);
    expect(report.isChanged).toBe(true);
    expect(readFileSync(installation.configPath, 'utf8')).toContain(
      '"RotationLimit">3<',
    );
    expect(readFileSync(`${installation.configPath}.kms-backup.bak`)).toEqual(
      before,
    );
    expect(statSync(installation.configPath).mode & 0o777).toBe(0o640);
    expect(
      statSync(`${installation.configPath}.kms-backup.bak`).mode & 0o777,
    ).toBe(0o640);
    expect(
      readdirSync(installation.dir).filter((name) => name.startsWith('.')),
    ).toEqual([]);
  });

  it('writes nothing when nothing changes', async () => {
    const installation = makeInstallation();
    const before = statSync(installation.configPath, { bigint: true });
    const names = readdirSync(installation.dir);
    const report = await editConfig(installation, options, () => [
      set('RotationLimit', '7'),
      set('AdminNotify', ''),
    ]);
    expect(report.isChanged).toBe(false);
    const after = statSync(installation.configPath, { bigint: true });
    expect([after.ino, after.mtimeNs, after.ctimeNs]).toEqual([
      before.ino,
      before.mtimeNs,
      before.ctimeNs,
    ]);
    expect(readdirSync(installation.dir)).toEqual(names);
  });

  it('gives the original bytes back with the inverse edit, over documents in any style', async () => {
    const dir = temporaryDirectory();
    const installation = findInstallation({
      serverDir: makeInstallation().dir,
    });
    const pairs = fc.constantFrom(
      ['AdminNotify', 'root@x', ''],
      ['RotationLimit', '3', '7'],
      ['IncludeIM', '0', ''],
    );
    await fc.assert(
      fc.asyncProperty(
        documents,
        pairs,
        async (text, [name = '', value = '', old = '']) => {
          fc.pre(text.includes(`${name}"`) || text.includes(`${name}'`));
          writeFileSync(installation.configPath, text);
          await editConfig(installation, options, () => [set(name, value)]);
          await editConfig(installation, options, () => [set(name, old)]);
          expect(readFileSync(installation.configPath, 'utf8')).toBe(text);
        },
      ),
      { numRuns: process.env['KMS_TEST_THOROUGH'] ? 500 : 25 },
    );
    expect(dir).toBeTruthy();
  });

  it('does not bring the kept copy back when somebody edited in between', async () => {
    const installation = makeInstallation({
      storeBackup: [
        ['AdminNotify', ''],
        ['RotationLimit', '7'],
      ],
    });
    await editConfig(installation, options, () => [set('RotationLimit', '3')]);
    const byHand = readFileSync(installation.configPath, 'utf8').replace(
      '<config>',
      '<config><!-- by hand -->',
    );
    writeFileSync(installation.configPath, byHand);
    await editConfig(installation, options, () => [set('RotationLimit', '7')]);
    expect(readFileSync(installation.configPath, 'utf8')).toBe(
      byHand.replace('"RotationLimit">3<', '"RotationLimit">7<'),
    );
  });

  it('refuses a file that says something impossible elsewhere, and repairs the value that it is asked to', async () => {
    const broken = sampleConfig({
      storeBackup: STORE_BACKUP.map(([key, old]) => [
        key,
        key === 'RotationLimit' ? 'many' : old,
      ]),
    });
    const installation = makeInstallation();
    writeFileSync(installation.configPath, broken);
    await expect(
      editConfig(installation, options, () => [set('AdminNotify', 'x@y')]),
    ).rejects.toThrow(ConfigurationError);
    expect(readFileSync(installation.configPath, 'utf8')).toBe(broken);
    const good = broken.replace(
      '/opt/kerio/mailserver/store/logs',
      installation.logDir,
    );
    writeFileSync(installation.configPath, good);
    await editConfig(installation, options, () => [set('RotationLimit', '4')]);
    expect(readFileSync(installation.configPath, 'utf8')).toBe(
      good.replace('>many<', '>4<'),
    );
  });

  it('follows a symbolic link and leaves the link', async () => {
    const installation = makeInstallation();
    const real = join(temporaryDirectory(), 'real.cfg');
    renameSync(installation.configPath, real);
    symlinkSync(real, installation.configPath);
    await editConfig(installation, options, () => [set('RotationLimit', '3')]);
    expect(lstatSync(installation.configPath).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, 'utf8')).toContain('"RotationLimit">3<');
    expect(readFileSync(`${real}.kms-backup.bak`, 'utf8')).toContain(
      '"RotationLimit">7<',
    );
  });

  it('refuses while another run holds the lock', async () => {
    const installation = makeInstallation();
    const before = readFileSync(installation.configPath);
    const path = join(installation.dir, '.mailserver.cfg.kms-backup.lock');
    const lock = await acquireLock({
      path,
      what: 'x',
      command: 'schedule add',
      clock: systemClock,
    });
    await expect(
      editConfig(installation, options, () => [set('RotationLimit', '3')]),
    ).rejects.toThrow(LockedError);
    lock.release();
    expect(readFileSync(installation.configPath)).toEqual(before);
  });

  it('refuses when the text that was agreed to is no longer in the file', async () => {
    const installation = makeInstallation();
    const source = mailserverConfig(installation);
    const seen = await source.read();
    await editConfig(installation, options, () => [set('RotationLimit', '9')]);
    const edit = editConfig(installation, { ...options, seen }, () => [
      set('RotationLimit', '3'),
    ]);
    await expect(edit).rejects.toThrow('somebody else changed');
  });
});

describe.skipIf(process.platform !== 'linux')('while the engine runs', () => {
  it('an edit is refused, and made with a warning when forced', async () => {
    const installation = makeInstallation();
    const program = join(installation.dir, 'mailserver');
    copyFileSync('/bin/sleep', program);
    const engine = spawn(program, ['60'], { stdio: 'ignore' });
    onTestFinished(() => void engine.kill('SIGKILL'));
    await sleep(100);
    const before = readFileSync(installation.configPath);
    await expect(
      editConfig(installation, options, () => [set('RotationLimit', '3')]),
    ).rejects.toThrow(EngineRunningError);
    expect(readFileSync(installation.configPath)).toEqual(before);
    const report = await editConfig(
      installation,
      { ...options, isForced: true },
      () => [set('RotationLimit', '3')],
    );
    expect(report.warnings).toEqual([
      expect.stringContaining('overwrites mailserver.cfg when it stops'),
    ]);
  });
});

describe.skipIf(!isRoot || spawnSync('mount', ['--version']).status !== 0)(
  'a bind-mounted mailserver.cfg',
  () => {
    /** An installation whose mailserver.cfg is a mount point; undefined where this machine forbids mounting. */
    function mounted():
      | { installation: ReturnType<typeof makeInstallation>; real: string }
      | undefined {
      const installation = makeInstallation();
      const real = join(temporaryDirectory(), 'outside.cfg');
      copyFileSync(installation.configPath, real);
      if (
        spawnSync('mount', ['--bind', real, installation.configPath]).status !==
        0
      ) {
        return undefined;
      }

      onTestFinished(
        () => void execFileSync('umount', [installation.configPath]),
      );
      return { installation, real };
    }

    it('is edited in place, and the mount stays', async (context) => {
      const place = mounted();
      if (!place) {
        context.skip('mounting is forbidden here');
        return;
      }

      await editConfig(place.installation, options, () => [
        set('RotationLimit', '3'),
      ]);
      expect(readFileSync(place.real, 'utf8')).toContain('"RotationLimit">3<');
      expect(
        readdirSync(place.installation.dir).filter((name) =>
          name.startsWith('.'),
        ),
      ).toEqual([]);
    });

    it('that a kill tore is completed by the next edit, and one that was written since is left alone', async (context) => {
      const place = mounted();
      if (!place) {
        context.skip('mounting is forbidden here');
        return;
      }

      const { configPath, dir } = place.installation;
      const old = readFileSync(configPath);
      const wanted = Buffer.from(
        old.toString().replace('"RotationLimit">7<', '"RotationLimit">12<'),
      );
      const journal = join(dir, '.mailserver.cfg.kms-backup-journal');
      writeFileSync(`${configPath}.kms-backup.bak`, old);
      writeFileSync(journal, wanted);
      const torn = Buffer.concat([
        wanted.subarray(0, wanted.length - 9000),
        old.subarray(wanted.length - 9000),
      ]);
      writeFileSync(configPath, torn);
      await editConfig(place.installation, options, () => [
        set('IncludeIM', '0'),
      ]);
      expect(readFileSync(configPath, 'utf8')).toBe(
        wanted.toString().replace('"IncludeIM">1<', '"IncludeIM">0<'),
      );
      // Torn so that it is no XML any more, and the interrupted edit is simply made again.
      writeFileSync(`${configPath}.kms-backup.bak`, old);
      writeFileSync(journal, wanted);
      const at =
        wanted.indexOf('RotationLimit">12<') + 'RotationLimit">12'.length;
      writeFileSync(
        configPath,
        Buffer.concat([wanted.subarray(0, at), old.subarray(at)]),
      );
      expect(() =>
        parseConfigDocument(decodeConfigText('x', readFileSync(configPath))),
      ).toThrow(ConfigurationError);
      expect(readSettings(place.installation).rotationLimit).toBe(12);
      await editConfig(
        place.installation,
        { ...options, isDryRun: true },
        () => [set('RotationLimit', '12')],
      );
      expect(readdirSync(dir)).toContain('.mailserver.cfg.kms-backup-journal');
      await editConfig(place.installation, options, () => [
        set('RotationLimit', '12'),
      ]);
      expect(readFileSync(configPath)).toEqual(wanted);
      expect(readdirSync(dir)).not.toContain(
        '.mailserver.cfg.kms-backup-journal',
      );
      const byServer = wanted
        .toString()
        .replace('mail.example.com', 'mx.example.com');
      writeFileSync(journal, old);
      writeFileSync(configPath, byServer);
      await editConfig(place.installation, options, () => [
        set('IncludeIM', '0'),
      ]);
      expect(readFileSync(configPath, 'utf8')).toBe(
        byServer.replace('"IncludeIM">1<', '"IncludeIM">0<'),
      );
    });
  },
);

describe.skipIf(!canBeNobody)('an edit by a user who is not root', () => {
  /** Runs an editor of an installation as nobody. */
  const asNobody = (dir: string): { status: number | null; stderr: string } =>
    spawnSync(process.execPath, editor(dir, 'RotationLimit', ['3']), {
      uid: 65534,
      gid: 65534,
      encoding: 'utf8',
    });

  it('of a file of another user is refused: a rename would give it away', () => {
    const installation = makeInstallation();
    execFileSync('chmod', ['-R', 'a+rwX', installation.dir]);
    const before = readFileSync(installation.configPath);
    const { status, stderr } = asNobody(installation.dir);
    expect(status).not.toBe(0);
    expect(stderr).toContain('cannot keep the owner');
    expect(readFileSync(installation.configPath)).toEqual(before);
    execFileSync('chown', ['-R', '65534:65534', installation.dir]);
    expect(asNobody(installation.dir)).toMatchObject({ status: 0 });
    expect(statSync(installation.configPath).uid).toBe(65534);
  });

  it('of a directory that he cannot write to says so and changes nothing', () => {
    const installation = makeInstallation();
    execFileSync('chmod', ['a+rX', installation.dir]);
    const { status, stderr } = asNobody(installation.dir);
    expect(status).not.toBe(0);
    expect(stderr).toContain(
      `the lock of ${installation.configPath} cannot be taken`,
    );
    expect(stderr).toContain("code: 'NO_PERMISSION'");
  });
});

describe('two editors at once', () => {
  it('both end, and no edit of either is lost', async () => {
    const installation = makeInstallation();
    const run = (name: string, values: string[]): Promise<number | null> =>
      new Promise((resolve) => {
        const child = spawn(
          process.execPath,
          editor(installation.dir, name, values),
          { stdio: 'ignore' },
        );
        child.on('close', resolve);
      });
    const codes = await Promise.all([
      run('RotationLimit', ['2', '3', '4']),
      run('AdminNotify', ['a@b', 'c@d', 'e@f']),
    ]);
    expect(codes).toEqual([0, 0]);
    const text = readFileSync(installation.configPath, 'utf8');
    expect(text).toContain('"RotationLimit">4<');
    expect(text).toContain('"AdminNotify">e@f<');
  });
});

describe.skipIf(!canInject)('a full disk', () => {
  it.each(['write', 'fsync', 'rename'])(
    'at its %s leaves the old file and ends with exit code 14',
    (call) => {
      const { dir, configPath } = makeInstallation();
      const before = readFileSync(configPath);
      const { status, stderr } = kmsWithFaults(
        ['config', 'set', 'keep=3', '--server-dir', dir],
        {
          inject: [`${call}:error=ENOSPC:when=1+`],
          paths: [join(dir, '.mailserver.cfg.kms-backup-tmp')],
        },
      );
      expect([status, stderr]).toEqual([
        14,
        expect.stringContaining('it is unchanged'),
      ]);
      expect(readFileSync(configPath)).toEqual(before);
      expect(readdirSync(dir).filter((name) => name.startsWith('.'))).toEqual(
        [],
      );
    },
  );
});

describe.skipIf(!canInject)('a kill at any moment', () => {
  it('leaves the old or the new file, whole, and the next edit works', async () => {
    const installation = makeInstallation();
    const old = readFileSync(installation.configPath, 'utf8');
    const wanted = old.replace('"RotationLimit">7<', '"RotationLimit">3<');
    const edit = editor(installation.dir, 'RotationLimit', ['3']);
    const paths = [
      installation.dir,
      installation.configPath,
      join(installation.dir, '.mailserver.cfg.kms-backup-tmp'),
    ];
    const seen = new Set<string>();

    for (const call of ['write', 'fsync', 'rename', 'chmod']) {
      for (let when = 1, isKilled = true; isKilled; when++) {
        writeFileSync(installation.configPath, old);

        const inject = [`${call}:signal=SIGKILL:when=${String(when)}`];
        isKilled = wasKilled(nodeWithFaults(edit, { inject, paths }));
        expect(isKilled || when > 1, call).toBe(true);

        const text = readFileSync(installation.configPath, 'utf8');
        expect([old, wanted]).toContain(text);
        seen.add(text);
      }
    }

    expect(seen.size).toBe(2);
    mkdirSync(join(installation.dir, 'unrelated'));
    await editConfig(installation, options, () => [set('RotationLimit', '5')]);
    expect(readFileSync(installation.configPath, 'utf8')).toBe(
      old.replace('"RotationLimit">7<', '"RotationLimit">5<'),
    );
  });
});
