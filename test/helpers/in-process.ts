import { Config } from '@oclif/core';
import KmsHelp from '../../src/ui/help.js';
import { fileURLToPath } from 'node:url';
import { QUIET_ENVIRONMENT } from './tools.js';

/** A command's class, as its file exports it. */
interface Runnable {
  run(argv: string[], config: Config): Promise<unknown>;
}

/** As where it is shipped: oclif warns its developers of a command line that it could not parse. */
const ENVIRONMENT = { KMS_BACKUP_PID_FILE: QUIET_ENVIRONMENT.KMS_BACKUP_PID_FILE, NODE_ENV: 'production' };

let loaded: Promise<Config> | undefined;
const load = (): Promise<Config> => {
  loaded ??= Config.load({ root: fileURLToPath(new URL('../../', import.meta.url)) });
  return loaded;
};

/** A command's help as it is printed on a terminal of 80 columns. */
export async function helpOf(id: string): Promise<string> {
  const config = await load();
  const { helpOptions } = config.pjson.oclif;
  const help = new KmsHelp(config, { ...helpOptions, maxWidth: 80, stripAnsi: true });
  return help.formatCommand(config.findCommand(id, { must: true }));
}

/**
 * Runs a command in this process: some ten times faster than a process each, for tests that need hundreds. What it
 * prints is captured, its exit code returned.
 * @param command its class, or its name: `backup:full`
 */
export async function runInProcess(
  command: Runnable | string,
  argv: readonly string[],
): Promise<{ exitCode: number; output: string }> {
  const config = await load();
  const runnable = typeof command === 'string' ? await config.findCommand(command, { must: true }).load() : command;
  const written: string[] = [];
  const streams = [process.stdout, process.stderr];
  const kept = streams.map((stream) => stream.write.bind(stream));
  const before = Object.keys(ENVIRONMENT).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, ENVIRONMENT);
  for (const stream of streams) {
    stream.write = (text: string | Uint8Array): boolean => {
      written.push(text.toString());
      return true;
    };
  }
  try {
    process.exitCode = 0;
    await runnable.run([...argv], config);
    return { exitCode: process.exitCode, output: written.join('') };
  } finally {
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
