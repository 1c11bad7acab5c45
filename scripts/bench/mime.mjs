// Compares MIME libraries on made-up mail: speed, memory and right answers. docs/decisions/0030-mime-library.md has the results.
//   npm install --prefix .bench/mime postal-mime@4.0.0 mailparser@3.14.2
//   node scripts/build.mjs && node scripts/bench/mime.mjs
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { median } from './measure.mjs';
import { AS_BUILT, HOME, LIBRARIES } from './mime-libraries.mjs';
import { ANSWERS, bytesOf, SPEED } from './mime-messages.mjs';

const ROUNDS = 3;

const [library] = process.argv.slice(2);
if (library !== undefined) await measure(library);
else measureEach();

/** Measures every library in a process of its own, so that each has its own peak memory. */
function measureEach() {
  const isInstalled = ['mailparser', 'postal-mime'].every((name) =>
    existsSync(`${HOME}node_modules/${name}`),
  );

  if (!isInstalled) {
    console.error(
      'First: npm install --prefix .bench/mime postal-mime@4.0.0 mailparser@3.14.2',
    );
    process.exitCode = 2;

    return;
  }

  for (const name of [...Object.keys(LIBRARIES), ...Object.keys(AS_BUILT)]) {
    spawnSync(process.execPath, [fileURLToPath(import.meta.url), name], {
      stdio: 'inherit',
    });
  }
}

async function measure(name) {
  const startedMs = performance.now();
  const read = await { ...LIBRARIES, ...AS_BUILT }[name]();
  const loadMs = performance.now() - startedMs;

  console.log(`${name}: loaded in ${loadMs.toFixed(0)} ms`);

  for (const [title, [count, make]] of Object.entries(SPEED)) {
    await measureSpeed({ title, count, raw: Buffer.from(make()), read });
  }

  if (name in LIBRARIES) {
    for (const [title, answer] of Object.entries(ANSWERS)) {
      console.log(`  ${title.padEnd(42)} ${await judgeAnswer(read, answer)}`);
    }
  }

  const peakMb = process.resourceUsage().maxRSS / 1024;
  console.log(`  peak memory ${peakMb.toFixed(0)} MB`);
}

async function measureSpeed({ title, count, raw, read }) {
  const seconds = [];

  for (let round = 0; round < ROUNDS; round++) {
    const startedMs = performance.now();
    for (let i = 0; i < count; i++) await read(raw);
    seconds.push((performance.now() - startedMs) / 1000);
  }

  const rate = count / median(seconds);
  const megabytes = (rate * raw.length) / 1e6;

  console.log(
    `  ${title.padEnd(38)} ${rate.toFixed(0).padStart(7)} messages/s  ${megabytes.toFixed(0).padStart(4)} MB/s`,
  );
}

async function judgeAnswer(read, [message, subject, words]) {
  try {
    const mail = await read(bytesOf(message));
    const isRight = mail.subject === subject && mail.text.includes(words);

    return isRight ? 'right' : `wrong: ${JSON.stringify(mail).slice(0, 90)}`;
  } catch (error) {
    return `throws: ${error.message}`;
  }
}
