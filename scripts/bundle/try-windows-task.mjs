// Calls a Windows executable by its name from PATH under Wine and runs the task that it prints for the Task Scheduler.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** A Unix path as Wine's programs see it. */
const windowsPath = (path) => `Z:${path.replaceAll('/', '\\')}`;

export async function tryWindowsTask({ executable, directory, env }) {
  const { buildSampleServer } =
    await import('../../dist/demo/sample-server.js');
  const { commandOf } =
    await import('../../dist/schedule/installed-command.js');
  const { serverDir, backupDir } = buildSampleServer(
    join(directory, 'task 100%'),
  );
  const inPath = { ...env, WINEPATH: windowsPath(dirname(executable)) };
  const name = basename(executable, '.exe');

  const words = [
    'schedule',
    'export',
    '--to',
    'schtasks',
    '--server-dir',
    windowsPath(serverDir),
  ];

  const command = commandOf(
    'schtasks',
    wine([name, ...words], { directory, env: inPath }),
  );

  const expected = [windowsPath(executable), 'schedule', 'run'].join(' ');

  if (command.slice(0, 3).join(' ').toLowerCase() !== expected.toLowerCase()) {
    throw new Error(
      `${name} from PATH: the task starts ${command.join(' ')}, not ${expected}`,
    );
  }

  wine(command, { directory, env });

  const archives = readdirSync(backupDir).filter((file) =>
    /^F.*\.zip$/.test(file),
  );
  if (archives.length !== 1) {
    throw new Error(`${command.join(' ')} made ${archives.length} archives`);
  }
}

/** Output goes to a file, not a pipe: Wine's programs do not always end when their pipes are read. @throws unless it ends with 0 */
function wine(words, { directory, env }) {
  const path = join(directory, 'task output');
  const output = openSync(path, 'w');

  const { status } = spawnSync('wine', words, {
    stdio: ['ignore', output, output],
    cwd: '/',
    env,
    timeout: 300_000,
  });

  closeSync(output);

  const text = readFileSync(path, 'utf8');
  if (status === 0) return text;

  throw new Error(`wine ${words.join(' ')} ended with ${status}:\n${text}`);
}
