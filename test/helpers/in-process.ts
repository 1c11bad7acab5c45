import { Config } from '@oclif/core';
import KmsHelp from '../../src/ui/help.js';
import { fileURLToPath } from 'node:url';
import { type Ended, type Json, QUIET_ENVIRONMENT, readJson } from './tools.js';

/** A command's class, as its file exports it. */
interface Runnable {
  run(argv: string[], config: Config): Promise<unknown>;
}

/** As where it is shipped: oclif warns its developers of a command line that it could not parse. */
const ENVIRONMENT = {
  KMS_BACKUP_PID_FILE: QUIET_ENVIRONMENT.KMS_BACKUP_PID_FILE,
  NODE_ENV: 'production',
  FORCE_COLOR: '0',
};

let loaded: Promise<Config> | undefined;
const load = (): Promise<Config> => {
  loaded ??= Config.load({
    root: fileURLToPath(new URL('../../', import.meta.url)),
  });
  return loaded;
};

/** A command's help as it is printed on a terminal of 80 columns. */
export async function helpOf(id: string): Promise<string> {
  const config = await load();
  const { helpOptions } = config.pjson.oclif;
  const help = new KmsHelp(config, {
    ...helpOptions,
    maxWidth: 80,
    stripAnsi: true,
  });
  return help.formatCommand(config.findCommand(id, { must: true }));
}

/** The command that words begin with, as oclif names it (`backup:full`), and the words that follow. */
export async function commandOf(
  words: readonly string[],
): Promise<[id: string, ...rest: string[]]> {
  const config = await load();
  for (let count = 3; count > 0; count--) {
    const id = words.slice(0, count).join(':');
    if (config.findCommand(id)) return [id, ...words.slice(count)];
  }

  throw new Error(`no command: ${words.join(' ')}`);
}

/**
 * Runs a command in this process: some ten times faster than a process each, for tests that need hundreds. What it
 * prints is captured, its exit code returned.
 * @param command its class, or its name: `backup:full`
 */
export async function runInProcess(
  command: Runnable | string,
  argv: readonly string[],
): Promise<{
  exitCode: number;
  output: string;
  stdout: string;
  stderr: string;
}> {
  const config = await load();
  const runnable =
    typeof command === 'string'
      ? await config.findCommand(command, { must: true }).load()
      : command;
  const written: { stream: NodeJS.WriteStream; text: string }[] = [];
  const of = (wanted: (stream: NodeJS.WriteStream) => boolean): string =>
    written.map(({ stream, text }) => (wanted(stream) ? text : '')).join('');
  const streams = [process.stdout, process.stderr];
  const kept = streams.map((stream) => stream.write.bind(stream));
  const before = Object.keys(ENVIRONMENT).map(
    (name) => [name, process.env[name]] as const,
  );
  Object.assign(process.env, ENVIRONMENT);
  for (const stream of streams) {
    stream.write = (text: string | Uint8Array): boolean => {
      written.push({ stream, text: text.toString() });
      return true;
    };
  }

  // A command listens for good: this process is not its own.
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const listeners = signals.map((signal) => process.listeners(signal));
  try {
    process.exitCode = 0;
    await runnable.run([...argv], config);
    return {
      exitCode: process.exitCode,
      output: of(() => true),
      stdout: of((stream) => stream === process.stdout),
      stderr: of((stream) => stream === process.stderr),
    };
  } finally {
    signals.forEach((signal, index) => {
      for (const listener of process.listeners(signal)) {
        if (listeners[index]?.includes(listener) !== true) {
          process.off(signal, listener);
        }
      }
    });
    streams.forEach((stream, index) => {
      const write = kept[index];
      if (write) stream.write = write;
    });
    process.exitCode = undefined;
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  }
}

/**
 * Calls `kms-backup` as `kms` does, but in this process: for the many calls of which a process each would prove nothing more.
 * No input, no environment, no signal.
 */
export async function kmsInProcess(args: readonly string[]): Promise<Ended> {
  const [id, ...rest] = await commandOf(args);
  const { exitCode, stdout, stderr } = await runInProcess(id, rest);
  return { status: exitCode, signal: null, stdout, stderr };
}

/** As `kmsJson`, in this process. */
export async function kmsJsonInProcess(
  args: readonly string[],
): Promise<{ status: number | null; json: Json }> {
  return readJson(await kmsInProcess([...args, '--json']));
}
