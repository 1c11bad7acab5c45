import { styleText } from 'node:util';

/** What a text tells, which is its colour: red, yellow and green. */
export type Tone = 'damage' | 'warning' | 'fine';

const TONES = { damage: 'red', warning: 'yellow', fine: 'green' } as const;

/** A text in its colour, where somebody sees it on a terminal that has colours. */
export function paint(
  tone: Tone | undefined,
  text: string,
  stream: Pick<NodeJS.WriteStream, 'isTTY'> = process.stdout,
): string {
  if (tone === undefined || text === '' || !hasColours(stream)) return text;

  // Whether there are colours is decided here, alike with every version of Node.
  return styleText(TONES[tone], text, { validateStream: false });
}

/** What a question on stderr stresses or takes back. */
export function decorate(style: 'cyan' | 'dim', text: string): string {
  return hasColours(process.stderr)
    ? styleText(style, text, { validateStream: false })
    : text;
}

/** FORCE_COLOR goes before NO_COLOR, as Node has it: who sets it wants colours in a pipe too. */
export function hasColours(
  stream: Pick<NodeJS.WriteStream, 'isTTY'>,
  env: NodeJS.ProcessEnv = process.env,
): boolean {
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if (env['NO_COLOR'] || env['TERM'] === 'dumb') return false;

  return stream.isTTY;
}
