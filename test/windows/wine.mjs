// A Windows of its own for each test file: a Wine prefix with drives, a share, and a mail server under Program Files.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeBinary, WINE_NODE_VERSION } from '../../scripts/node-binaries.mjs';
import { guardShare } from './guarded-share.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const SERVER = 'drive_c/Program Files/Kerio/MailServer';

/** A Unix path as Wine's programs see it. */
export const windowsPath = (path) => `Z:${path.replaceAll('/', '\\')}`;

export async function startWindows() {
  const home = mkdtempSync(join(tmpdir(), 'kms-wine-'));
  const prefix = join(home, 'wine');
  const env = {
    ...process.env,
    WINEPREFIX: prefix,
    WINEARCH: 'win64',
    WINEDEBUG: '-all',
    KMS_BACKUP_PROGRESS: 'none',
  };
  spawnSync('wineboot', ['-i'], { env, stdio: 'ignore' });
  spawnSync('winecfg', ['-v', 'win10'], { env, stdio: 'ignore' });
  const drive = join(home, 'drive e');
  const share = join(home, 'share');
  mkdirSync(join(drive, 'backup 2'), { recursive: true });
  mkdirSync(share);
  symlinkSync(drive, join(prefix, 'dosdevices', 'e:'));
  const shares = join(prefix, 'dosdevices', 'unc', 'nas');
  mkdirSync(shares, { recursive: true });
  symlinkSync(share, join(shares, 'backup'));
  const guarded = await guardShare(home, shares);
  const serverDir = join(prefix, SERVER);
  writeServer(serverDir);
  const call = (args, options = {}) => callWine(home, env, args, options);
  const node = nodeBinary('win-x64', WINE_NODE_VERSION);
  const entry = windowsPath(join(root, 'bin', 'run.js'));
  return {
    home,
    drive,
    share,
    guarded,
    serverDir,
    storeDir: join(serverDir, 'store'),
    entry,
    node: windowsPath(node),
    /** Runs a program with these words. */
    call,
    /** Runs kms-backup with these words. */
    kms: (...words) => call([node, entry, ...words]),
    /** The same with more in the environment. */
    kmsWith: (more, ...words) => call([node, entry, ...words], { env: more }),
    /** Runs the text of a .bat file. */
    bat: (text) => {
      const path = join(home, 'try.bat');
      writeFileSync(path, text.replaceAll('\n', '\r\n'));
      return call(['cmd', '/c', windowsPath(path)]);
    },
    /** Starts a script of Node's and returns the way to end it. */
    startScript: (text) => startScript(home, env, node, text),
    end: () => {
      spawnSync('wineserver', ['-k'], { env, stdio: 'ignore' });
      spawnSync('wineserver', ['-w'], {
        env,
        stdio: 'ignore',
        timeout: 20_000,
      });
      rmSync(home, {
        recursive: true,
        force: true,
        maxRetries: 10,
        retryDelay: 300,
      });
    },
  };
}

/** Files, not pipes: Wine's programs do not always end when their pipes are read. */
function callWine(home, env, args, options) {
  const [outPath, errPath] = [join(home, 'out.txt'), join(home, 'err.txt')];
  const [out, err] = [openSync(outPath, 'w'), openSync(errPath, 'w')];
  const { status } = spawnSync('wine', args, {
    stdio: ['ignore', out, err],
    env: { ...env, ...options.env },
    timeout: 180_000,
  });
  closeSync(out);
  closeSync(err);
  return {
    code: status,
    out: readFileSync(outPath, 'utf8'),
    err: readFileSync(errPath, 'utf8'),
  };
}

function startScript(home, env, node, text) {
  const path = join(home, 'script.cjs');
  const stop = join(home, 'stop');
  const ready = join(home, 'ready');
  for (const path of [stop, ready]) rmSync(path, { force: true });
  const wait = `require('fs').writeFileSync(${JSON.stringify(windowsPath(ready))}, '');
    setInterval(() => { if (require('fs').existsSync(${JSON.stringify(windowsPath(stop))})) process.exit(0); }, 50);`;
  writeFileSync(path, `${text}\n${wait}`);
  const shell = `wine "$1" "$2" >/dev/null 2>&1 & for i in $(seq 200); do test -e "$3" && exit 0; sleep 0.1; done; exit 1`;
  const { status } = spawnSync(
    'sh',
    ['-c', shell, 'sh', node, windowsPath(path), ready],
    { env, stdio: 'ignore' },
  );
  if (status !== 0) throw new Error('the script did not start');
  return () => {
    writeFileSync(stop, '');
  };
}

const variable = (name, value, indent) =>
  `${indent}<variable name="${name}">${value}</variable>`;

function writeServer(serverDir) {
  const lines = [
    '<config>',
    '<table name="Directories">',
    variable('StoreDir', 'C:\\Program Files\\Kerio\\MailServer\\store\\', '  '),
    variable('BackupDir', 'E:\\backup 2', '  '),
    '</table>',
    '',
    '<table name="StoreBackup">',
    variable('Enabled', '1', '  '),
    variable('MaxFileSize', '2147483647', '  '),
    variable('RotationLimit', '7', '  '),
    '</table>',
    '',
    '</config>',
    '',
  ];
  mkdirSync(serverDir, { recursive: true });
  writeFileSync(join(serverDir, 'mailserver.cfg'), lines.join('\r\n'));
  writeFileSync(
    join(serverDir, 'users.cfg'),
    '<config>\r\n<list name="User">\r\n</list>\r\n\r\n</config>\r\n',
  );
  const inbox = join(serverDir, 'store/mail/example.com/alice/INBOX');
  for (let index = 1; index <= 40; index++) putMail(inbox, index);
  putMail(
    join(serverDir, 'store/mail/example.com/alice/Gesendete Objekte/&AMQ-rzte'),
    1,
  );
  // A path of more than 260 characters, where plain Windows calls end.
  putMail(
    join(
      serverDir,
      'store/mail/example.com/bob',
      ...Array.from(
        { length: 8 },
        (_, n) => `${String(n)}${'a long folder name '.repeat(2).trim()}`,
      ),
    ),
    1,
  );
  mkdirSync(join(serverDir, 'store/mail/example.com/bob/Empty/#msgs'), {
    recursive: true,
  });
}

export function putMail(folder, number) {
  mkdirSync(join(folder, '#msgs'), { recursive: true });
  const name = `${number.toString(16).padStart(8, '0')}.eml`;
  writeFileSync(
    join(folder, '#msgs', name),
    `Subject: mail ${String(number)}\r\n\r\n${'text '.repeat(number * 50)}\r\n`,
  );
  writeFileSync(join(folder, 'status.fld'), 'status\n');
}

/** Every file below a directory with its content and time in whole seconds, for comparison. */
export function snapshot(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(
      (entry) =>
        // What an ended recover keeps for a rollback is none of the state.
        !join(entry.parentPath ?? entry.path, entry.name).startsWith(
          join(directory, '.kms-backup-recover'),
        ),
    )
    .map((entry) => {
      const path = join(entry.parentPath ?? entry.path, entry.name);
      const name = relative(directory, path);
      return entry.isDirectory()
        ? `${name}/`
        : `${name} ${readFileSync(path, 'latin1')} ${String(Math.floor(statSync(path).mtimeMs / 1000))}`;
    })
    .sort();
}
