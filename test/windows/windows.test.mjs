// The manual's work on Windows, end to end, under Wine.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DISK_PASSWORD } from './guarded-share.mjs';
import { canMakeService, installService } from './service.mjs';
import { putMail, snapshot, startWindows } from './wine.mjs';

let windows;
before(async () => {
  windows = await startWindows();
});
after(() => {
  windows.end();
});

const ended = (result, code) => {
  assert.equal(
    result.code,
    code,
    `expected exit ${String(code)}:\n${result.out}${result.err}`,
  );
  return result;
};

const archives = (directory) =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.zip'))
    .sort();

describe('kms-backup on Windows', () => {
  test('finds the server under Program Files and backs up to a drive with a space in the path', () => {
    const report = JSON.parse(
      ended(windows.kms('backup', 'full', '--json'), 0).out,
    );
    assert.match(report.archive, /^F\d{8}T\d{6}Z\.zip$/);
    assert.deepEqual(archives(join(windows.drive, 'backup 2')), [
      report.archive,
    ]);
  });

  test('lists and verifies a directory with a space, given as the manual writes it', () => {
    assert.match(
      ended(windows.kms('list-archives', 'E:\\backup 2'), 0).out,
      /^F\d{8}T\d{6}Z\.zip +full/m,
    );
    ended(windows.kms('verify', 'E:\\backup 2'), 0);
  });

  test('recovers every byte and time of a lost store, paths over 260 characters too', () => {
    const before = snapshot(windows.storeDir);
    assert.ok(before.some((line) => line.split(' Subject')[0].length > 300));
    rmSync(join(windows.storeDir, 'mail'), { recursive: true });
    ended(windows.kms('recover', 'E:\\backup 2', '--yes'), 0);
    assert.deepEqual(snapshot(windows.storeDir), before);
  });

  test('a differential after a change, recovered from its file', () => {
    putMail(join(windows.storeDir, 'mail/example.com/alice/INBOX'), 99);
    rmSync(
      join(windows.storeDir, 'mail/example.com/alice/INBOX/#msgs/00000001.eml'),
    );
    const report = JSON.parse(
      ended(windows.kms('backup', 'diff', '--json'), 0).out,
    );
    assert.match(report.archive, /^I/);
    const before = snapshot(windows.storeDir);
    rmSync(join(windows.storeDir, 'mail'), { recursive: true });
    ended(
      windows.kms('recover', `E:\\backup 2\\${report.archive}`, '--yes'),
      0,
    );
    assert.deepEqual(snapshot(windows.storeDir), before);
  });

  test('a network share by its UNC path, and by its extended form', () => {
    ended(windows.kms('backup', 'copy', '--backup-dir', '\\\\nas\\backup'), 0);
    assert.match(archives(windows.share)[0], /^C/);
    ended(windows.kms('verify', '\\\\nas\\backup'), 0);
    ended(windows.kms('list-archives', '\\\\?\\UNC\\nas\\backup'), 0);
  });

  test('quoting from a .bat file: a quoted path is whole', () => {
    const result = windows.bat(
      `@"${windows.node}" "${windows.entry}" list-archives "E:\\backup 2" --json > E:\\list.json\n@exit /b %ERRORLEVEL%\n`,
    );
    ended(result, 0);
    assert.ok(existsSync(join(windows.drive, 'list.json')));
  });

  test('quoting from a .bat file: a backslash before the closing quote swallows the rest, and that is an error', () => {
    const result = windows.bat(
      `@"${windows.node}" "${windows.entry}" list-archives "E:\\backup 2\\" --json\n@exit /b %ERRORLEVEL%\n`,
    );
    ended(result, 2);
    assert.match(
      result.err,
      /^Error: a path holds a quotation mark: E:\\backup 2" --json/,
    );
  });

  describe('a file that another program holds', () => {
    const held =
      'C:\\Program Files\\Kerio\\MailServer\\store\\mail\\example.com\\alice\\INBOX\\#msgs\\00000002.eml';
    /** 0x10000000: nobody else may open it, not even to read (UV_FS_O_EXLOCK of libuv). */
    const hold = `const fs = require('fs'); const fd = fs.openSync(${JSON.stringify(held)}, fs.constants.O_RDWR | 0x10000000);`;

    test('for a moment is backed up', () => {
      const stop = windows.startScript(
        `${hold} setTimeout(() => fs.closeSync(fd), 4000);`,
      );
      const result = ended(windows.kms('backup', 'copy', '--json'), 0);
      assert.deepEqual(JSON.parse(result.out).issues, []);
      stop();
    });

    test('for long is left out and named, and the rest is backed up', () => {
      const stop = windows.startScript(hold);
      const result = ended(windows.kms('backup', 'copy', '--json'), 3);
      stop();
      const [issue, ...others] = JSON.parse(result.out).issues;
      assert.deepEqual(others, []);
      assert.match(
        `${issue.name} ${issue.reason}`,
        /00000002\.eml held by another program \(EBUSY\)/,
      );
    });
  });

  test('a backup directory that does not exist or is a file is a clear error', () => {
    writeFileSync(join(windows.drive, 'file'), '');
    const result = windows.kms('list-archives', 'E:\\file');
    assert.notEqual(result.code, 0);
    assert.match(result.err, /^Error: /);
    ended(windows.kms('list-archives', 'E:\\nowhere'), 10);
  });

  test('a folder whose name Windows keeps for devices or cuts is left out of a backup, and named', () => {
    for (const name of ['con', 'aux.txt', 'dot.', 'space ']) {
      const folder = join(windows.storeDir, 'mail/example.com/bob', name);
      putMail(folder, 1);
    }

    const result = ended(windows.kms('backup', 'copy', '--json'), 3);
    assert.deepEqual(
      JSON.parse(result.out)
        .issues.map(({ name }) => name.split('/').at(-1))
        .sort(),
      ['aux.txt', 'con', 'dot.', 'space '],
    );
    for (const name of ['con', 'aux.txt', 'dot.', 'space ']) {
      rmSync(join(windows.storeDir, 'mail/example.com/bob', name), {
        recursive: true,
      });
    }
  });

  test('an archive with names that Windows keeps for devices is refused before the store is touched', () => {
    const server = join(windows.home, 'linux');
    putMail(join(server, 'store/mail/example.com/alice/aux'), 1);
    putMail(join(server, 'store/mail/example.com/alice/INBOX'), 1);
    const directories = `<variable name="StoreDir">${server}/store/</variable>`;
    const config = `<config>\n<table name="Directories">\n${directories}\n</table>\n</config>\n`;
    writeFileSync(join(server, 'mailserver.cfg'), config);
    writeFileSync(join(server, 'users.cfg'), '<config>\n</config>\n');
    mkdirSync(join(windows.drive, 'devices'));
    const words = [
      'backup',
      'full',
      '--server-dir',
      server,
      '--backup-dir',
      join(windows.drive, 'devices'),
    ];
    assert.equal(
      spawnSync(process.execPath, ['bin/run.js', ...words]).status,
      0,
    );
    const before = snapshot(windows.storeDir);
    const result = ended(windows.kms('recover', 'E:\\devices', '--yes'), 4);
    assert.match(
      result.err,
      /aux.* has a name that Windows reserves[^]*Only Windows forbids that name/,
    );
    assert.deepEqual(snapshot(windows.storeDir), before);
  });

  describe('a network disk that asks for a password', () => {
    const ini =
      '[network-disk]\r\nuser = NAS\\kms\r\npassword-file = password.txt\r\n';
    const run = (...words) => windows.kmsWith(windows.guarded.env, ...words);
    const backUp = () =>
      run(
        'backup',
        'full',
        '--no-rotate',
        '--backup-dir',
        '\\\\nas\\guarded\\kms',
      );
    const write = (password) => {
      writeFileSync(join(windows.serverDir, 'kms-backup.ini'), ini);
      writeFileSync(join(windows.serverDir, 'password.txt'), `${password}\r\n`);
    };

    after(() => {
      for (const name of ['kms-backup.ini', 'password.txt']) {
        rmSync(join(windows.serverDir, name), { force: true });
      }
    });

    test('is logged in at before, and left after; no argument holds a secret', () => {
      write(DISK_PASSWORD);
      ended(backUp(), 0);
      assert.equal(archives(join(windows.guarded.closed, 'kms')).length, 1);
      ended(run('verify', '\\\\?\\UNC\\nas\\guarded\\kms'), 0);
      assert.equal(windows.guarded.isOpen(), false);
      const calls = windows.guarded.takeCalls();
      const net = ['net.exe', 'use', '\\\\nas\\guarded', '/delete'];
      assert.deepEqual([calls.length, calls[1], calls[3]], [4, net, net]);
      assert.doesNotMatch(JSON.stringify(calls), /pla!nted|NAS\\\\+kms/);
    });

    test('that refuses the password is an error without it, and nothing is written', () => {
      write('pla!nted but wrong');
      const result = ended(backUp(), 1);
      assert.match(
        result.err,
        /cannot log in at \\\\nas\\guarded as NAS\\kms: The specified network password/,
      );
      assert.doesNotMatch(result.out + result.err, /pla!nted/);
      assert.equal(archives(join(windows.guarded.closed, 'kms')).length, 1);
    });

    test('is left after a command that fails, too', () => {
      write(DISK_PASSWORD);
      windows.guarded.takeCalls();
      ended(run('list-archives', '\\\\nas\\guarded\\nowhere'), 10);
      assert.equal(windows.guarded.isOpen(), false);
      assert.equal(windows.guarded.takeCalls().length, 2);
    });

    test('that somebody uses already is used as it is, and stays', () => {
      windows.guarded.open();
      ended(run('list-archives', '\\\\nas\\guarded\\kms'), 0);
      assert.equal(windows.guarded.isOpen(), true);
      windows.guarded.close();
    });
  });

  test('notifications that cannot be sent wait beside mailserver.cfg', () => {
    writeFileSync(
      join(windows.serverDir, 'kms-backup.ini'),
      '[smtp]\r\nhost = 127.0.0.1\r\nport = 1\r\nto = a@example.com\r\ntimeout = 5s\r\n',
    );
    const result = ended(windows.kms('notify', 'test'), 1);
    assert.match(result.err, /cannot send by 127\.0\.0\.1:1/);
    rmSync(join(windows.serverDir, 'kms-backup.ini'));
  });

  describe(
    'a mail server that is a service (needs mingw-w64)',
    { skip: !canMakeService },
    () => {
      const config = () =>
        readFileSync(join(windows.serverDir, 'mailserver.cfg'), 'latin1');
      const isRunning = () =>
        windows
          .call(['sc', 'query', 'KerioMailServer'])
          .out.includes('RUNNING');

      before(() => {
        installService(windows);
      });
      after(() => {
        windows.call(['net', 'stop', 'KerioMailServer']);
      });

      test('is stopped for an edit, which it does not overwrite, and started again', () => {
        ended(windows.kms('config', 'set', 'keep=5'), 13);
        const result = ended(
          windows.kms('config', 'set', 'keep=5', '--restart-server'),
          0,
        );
        assert.match(result.out + result.err, /runs again/);
        assert.match(config(), /RotationLimit">5</);
        assert.ok(isRunning());
      });

      test('that does not start again is an error, and is told until it runs', () => {
        const broken = join(windows.serverDir, 'broken');
        writeFileSync(broken, '');
        const result = ended(
          windows.kms('config', 'set', 'keep=6', '--restart-server'),
          1,
        );
        assert.match(result.err, /Code: /);
        assert.match(config(), /RotationLimit">6</);
        assert.match(windows.kms('status').out, /left stopped/);

        rmSync(broken);
        ended(windows.call(['net', 'start', 'KerioMailServer']), 0);
        assert.doesNotMatch(windows.kms('status').out, /left stopped/);
      });
    },
  );
});
