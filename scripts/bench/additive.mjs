// Measures recover --additive where all messages of one folder are there already, and the wait after SIGINT meanwhile.
//   npm run build && node scripts/bench/additive.mjs [MESSAGES] [DIRECTORY]        default: 100000, a new temporary one
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const messages = Number(process.argv[2] ?? 100_000);
const program = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const folder = mkdtempSync(join(process.argv[3] ?? tmpdir(), 'kms-additive-'));

try {
  buildServer();
  runProgram('backup', 'full', '--quiet');
  const additive = ['recover', join(folder, 'backup'), '--additive'];

  print(
    'plan',
    measure(() => runProgram(...additive, '--dry-run')),
  );
  print(
    'recover',
    measure(() => runProgram(...additive, '--yes')),
  );
  print('SIGINT is heard', await measureSignal([...additive, '--dry-run']));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A server with one folder of messages of one size. */
function buildServer() {
  const inbox = join(folder, 'store/mail/example.com/alice/INBOX/#msgs');
  mkdirSync(inbox, { recursive: true });
  mkdirSync(join(folder, 'backup'));

  for (let number = 1; number <= messages; number++) {
    const name = number.toString(16).padStart(8, '0');
    writeFileSync(
      join(inbox, `${name}.eml`),
      `Message-ID: <${name}@example.com>\r\n\r\n${'x'.repeat(900)}\r\n`,
    );
  }

  writeFileSync(
    join(folder, 'mailserver.cfg'),
    `<config><table name="Directories"><variable name="StoreDir">${join(folder, 'store')}</variable><variable name="BackupDir">${join(folder, 'backup')}</variable></table></config>`,
  );
  writeFileSync(join(folder, 'users.cfg'), '<config></config>');
}

function runProgram(...words) {
  const { status, stderr } = spawnSync(
    process.execPath,
    [program, ...words, '--server-dir', folder],
    { encoding: 'utf8' },
  );
  if (status !== 0 && status !== 3) throw new Error(stderr);
}

function measure(work) {
  const startMs = performance.now();
  work();

  return performance.now() - startMs;
}

/** The longest wait of some signals that come at different moments of a plan. */
async function measureSignal(words) {
  let longestMs = 0;
  for (const afterMs of [800, 1500, 2500]) {
    longestMs = Math.max(longestMs, await interrupt(words, afterMs));
  }

  return longestMs;
}

async function interrupt(words, afterMs) {
  const child = spawn(
    process.execPath,
    [program, ...words, '--server-dir', folder],
    { stdio: 'ignore' },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));

  await new Promise((resolve) => setTimeout(resolve, afterMs));
  const startMs = performance.now();
  child.kill('SIGINT');
  await ended;

  return performance.now() - startMs;
}

function print(name, ms) {
  console.log(`${name.padEnd(16)} ${(ms / 1000).toFixed(2)} s`);
}
