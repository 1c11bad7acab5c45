// Runs every check of package.json that is named `check:…`, two at a time in that order (the longest first), and tells all that
// failed: this is the one list.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Most checks use one core, and a machine that builds has two. */
const AT_A_TIME = 2;

const root = fileURLToPath(new URL('..', import.meta.url));
const { scripts } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);

const waiting = Object.keys(scripts).filter((name) =>
  name.startsWith('check:'),
);
const failed = [];

await Promise.all(Array.from({ length: AT_A_TIME }, runWaiting));

if (failed.length > 0) {
  console.log(`failed: ${failed.join(' ')}`);
  process.exitCode = 1;
}

async function runWaiting() {
  for (let name = waiting.shift(); name; name = waiting.shift()) {
    const { status, output } = await runCheck(name);

    console.log(`== ${name}\n${output}`.trimEnd());
    if (status !== 0) failed.push(name);
  }
}

/** Runs one check; its output is kept together, because another one runs beside it. */
function runCheck(name) {
  const child = spawn('npm', ['run', '--silent', name], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });

  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  }

  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output }));
  });
}
