// The process list of the single executable. ps-list brings a program of its own for Windows, which cannot lie inside:
// there the system's tasklist answers.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import psList from 'ps-list';

const run = promisify(execFile);

export async function listProcessNames() {
  if (process.platform !== 'win32') {
    return (await psList()).map(({ pid, name }) => ({ pid, name }));
  }

  const { stdout } = await run('tasklist.exe', ['/fo', 'csv', '/nh'], {
    windowsHide: true,
    maxBuffer: 1e7,
  });

  return [...stdout.matchAll(/^"([^"]*)","(\d+)"/gm)].map(([, name, pid]) => ({
    name,
    pid: Number(pid),
  }));
}
