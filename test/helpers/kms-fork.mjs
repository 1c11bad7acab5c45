/**
 * A process that calls commands, one after the other, as in-process.ts does: several such processes work at once, and none pays for the start
 * of the program again. Sent: the words of a command. Sent back: how it ended.
 */
import { Config } from '@oclif/core';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const config = await Config.load({ root });
const SIGNALS = ['SIGINT', 'SIGTERM'];

const text = { stdout: '', stderr: '' };
for (const stream of ['stdout', 'stderr']) {
  process[stream].write = (chunk) => {
    text[stream] += chunk.toString();

    return true;
  };
}

function commandOf(words) {
  for (let count = 3; count > 0; count--) {
    const found = config.findCommand(words.slice(0, count).join(':'));
    if (found) return [found, words.slice(count)];
  }

  throw new Error(`no command: ${words.join(' ')}`);
}

async function call(words) {
  const [found, argv] = commandOf(words);
  const command = await found.load();
  text.stdout = '';
  text.stderr = '';
  process.exitCode = 0;

  try {
    await command.run(argv, config);
  } catch (error) {
    return { ...text, status: null, signal: null, stderr: String(error.stack) };
  } finally {
    // A command listens for good: this process is not its own.
    for (const signal of SIGNALS) process.removeAllListeners(signal);
  }

  return { ...text, status: process.exitCode, signal: null };
}

process.on('message', async (words) => {
  process.send(await call(words));
});
process.on('disconnect', () => {
  // eslint-disable-next-line no-restricted-properties -- whoever asked is gone
  process.exit(0);
});
process.send('ready');
