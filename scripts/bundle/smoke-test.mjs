// Tries a built executable where this machine can run it: the version, an error with its exit code, the whole demo.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How to run it here, or why not. */
function runner({ target, executable }) {
  if (target === `${process.platform}-${process.arch}` || (target === 'win-x64' && process.platform === 'win32')) {
    return { command: executable, args: [] };
  }
  if (target === 'win-x64') return findInPath('wine') ? { command: 'wine', args: [executable] } : { missing: 'wine' };
  return findInPath('qemu-aarch64-static')
    ? { command: 'qemu-aarch64-static', args: [executable] }
    : { missing: 'qemu-aarch64-static' };
}

function findInPath(name) {
  return (process.env.PATH ?? '').split(':').some((directory) => existsSync(join(directory, name)));
}

export function smokeTest(made) {
  const { command, args, missing } = runner(made);
  if (missing !== undefined) return `not tried, ${missing} is missing here`;
  const directory = mkdtempSync(join(tmpdir(), 'kms-bin-'));
  const env = { ...process.env, WINEDEBUG: '-all', WINEPREFIX: join(directory, 'wine'), WINEARCH: 'win64' };
  if (command === 'wine') prepareWine(env);
  const expect = (words, code, pattern) => {
    // Files, not pipes: Wine's programs do not always end when their pipes are read.
    const [outPath, errPath] = [join(directory, 'out'), join(directory, 'err')];
    const [out, err] = [openSync(outPath, 'w'), openSync(errPath, 'w')];
    const { status } = spawnSync(command, [...args, ...words], { stdio: ['ignore', out, err], env, timeout: 300_000 });
    closeSync(out);
    closeSync(err);
    const text = readFileSync(outPath, 'utf8') + readFileSync(errPath, 'utf8');
    if (status !== code || !pattern.test(text)) {
      throw new Error(`${made.target}: ${words.join(' ')} ended with ${status}, expected ${code}:\n${text}`);
    }
  };
  try {
    expect(['--version'], 0, /^kms-backup\/\d/);
    expect(['notify', 'test', '--server-dir', join(directory, 'nowhere')], 10, /^Error: no such directory/);
    expect(['notify', 'test', '--help'], 0, /EXIT STATUS/);
    if (hasCommand('demo')) expect(['demo', join(directory, 'demo')], 0, /./);
    return 'tried, works';
  } finally {
    if (command === 'wine') spawnSync('wineserver', ['-k'], { env, stdio: 'ignore' });
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** A Windows of its own, of a version that Node accepts. */
function prepareWine(env) {
  spawnSync('wineboot', ['-i'], { env, stdio: 'ignore' });
  spawnSync('winecfg', ['-v', 'win10'], { env, stdio: 'ignore' });
}

function hasCommand(id) {
  const manifest = JSON.parse(readFileSync(new URL('../../oclif.manifest.json', import.meta.url), 'utf8'));
  return id in manifest.commands;
}
