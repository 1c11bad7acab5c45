import { runProgram } from '../platform/run-program.js';

/** Where systems keep nice and ionice. cron gives its commands next to no PATH. */
const DIRECTORIES = ['/usr/bin', '/bin'];

const NICE = ['nice', '-n', '10'];
const IONICE = ['ionice', '-c', '3'];

let known: readonly string[] | undefined;

/**
 * The words that give way to the mail server, for a scheduler that knows no priorities itself.
 * A tool that is missing, or that may not do so here, is left out: the backup itself must start.
 */
export function lowPriority(): readonly string[] {
  known ??= [NICE, IONICE].flatMap((words) => findTool(words));

  return known;
}

/** The command without those words, and the words, wherever they were found. Pure. */
export function splitPriority(words: readonly string[]): {
  readonly priority: readonly string[];
  readonly command: readonly string[];
} {
  let length = 0;
  for (const tool of [NICE, IONICE]) {
    const found = words.slice(length, length + tool.length);
    if (isTool(found, tool)) length += tool.length;
  }

  return { priority: words.slice(0, length), command: words.slice(length) };
}

/** Says whether a command starts behind those words. */
export function startsBehind(priority: readonly string[]): boolean {
  const [file, ...args] = priority;
  if (file === undefined) return true;

  const env = { PATH: DIRECTORIES.join(':') };
  return runProgram(file, [...args, 'true'], { cwd: '/', env })?.exitCode === 0;
}

function findTool([name = '', ...args]: readonly string[]): string[] {
  if (process.platform === 'win32') return [];

  return (
    DIRECTORIES.map((directory) => [`${directory}/${name}`, ...args]).find(
      startsBehind,
    ) ?? []
  );
}

function isTool(found: readonly string[], tool: readonly string[]): boolean {
  const [file = '', ...args] = found;
  const [name = '', ...wanted] = tool;

  return file.endsWith(`/${name}`) && args.join(' ') === wanted.join(' ');
}
