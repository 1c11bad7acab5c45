import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** A folder as it lies on the disk of a server that has ended. */
export interface LiveFolder {
  /** The first line of each message, by name: `00000001` → `Message-ID: <…>`. */
  readonly ids: ReadonlyMap<string, string>;
  /** The flags of each message that index.fld names, as a number. */
  readonly bits: ReadonlyMap<string, number>;
}

export function readLiveFolder(dir: string): LiveFolder {
  const msgs = join(dir, '#msgs');
  const names = existsSync(msgs) ? readdirSync(msgs).sort() : [];
  const lines = indexLines(dir);

  return {
    ids: new Map(
      names.map((name) => [
        name.slice(0, 8),
        readFileSync(join(msgs, name), 'latin1').split('\r\n')[0] ?? '',
      ]),
    ),
    bits: new Map(
      lines.map((line) => [
        line.slice(1, 9),
        parseInt(/ F[0-9a-f]*?([0-9a-f]{1,4})( |$)/.exec(line)?.[1] ?? '', 16),
      ]),
    ),
  };
}

/** A user removes messages: files and lines of the index. */
export function removeMessages(dir: string, names: ReadonlySet<string>): void {
  for (const name of names) {
    rmSync(join(dir, '#msgs', `${name}.eml`), { force: true });
  }

  writeIndex(
    dir,
    indexLines(dir).filter((line) => !names.has(line.slice(1, 9))),
  );
}

/** A message gets another name, with its line. */
export function renameMessage(dir: string, from: string, to: string): void {
  renameSync(
    join(dir, '#msgs', `${from}.eml`),
    join(dir, '#msgs', `${to}.eml`),
  );
  writeIndex(
    dir,
    indexLines(dir).map((line) => line.replace(`U${from} `, `U${to} `)),
  );
}

function indexLines(dir: string): string[] {
  const path = join(dir, 'index.fld');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';

  return text.split('\r\n').filter(Boolean);
}

function writeIndex(dir: string, lines: readonly string[]): void {
  const text = lines.map((line) => `${line}\r\n`).join('');
  writeFileSync(join(dir, 'index.fld'), text);
}
