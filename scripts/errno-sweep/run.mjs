// Runs a command in this process, with what it prints.
import { fileURLToPath } from 'node:url';
import { Config } from '@oclif/core';

const config = await Config.load({
  root: fileURLToPath(new URL('../../', import.meta.url)),
});

/** @param fault called before and after the command: only the command is to be refused anything */
export async function run(
  id,
  argv,
  fault = { begin: () => undefined, end: () => undefined },
) {
  const command = await config.findCommand(id, { must: true }).load();
  let output = '';
  const streams = [process.stdout, process.stderr];
  const kept = streams.map((stream) => stream.write.bind(stream));

  for (const stream of streams) {
    stream.write = (text) => {
      output += text.toString();
      return true;
    };
  }

  process.exitCode = 0;

  try {
    fault.begin();
    await command.run([...argv], config);

    return { exitCode: process.exitCode, output };
  } catch (error) {
    return { exitCode: -1, output: `${output}\nthrown: ${error.stack}` };
  } finally {
    fault.end();
    streams.forEach((stream, index) => (stream.write = kept[index]));
    for (const signal of ['SIGINT', 'SIGTERM']) {
      process.removeAllListeners(signal);
    }

    process.exitCode = undefined;
  }
}
