import type { ConfigDocument } from './document.js';

/**
 * The lines that an edit changes, as a person reads a diff: `-` the old, `+` the new, each with its line number.
 * Secrets of the server (`D3S:`, `SHA:`, `DES:`, `NUL:`) are masked. Pure.
 */
export function diffLines(
  before: ConfigDocument,
  after: ConfigDocument,
): string[] {
  const [old, fresh] = [
    before.source.text.split(/\r\n|\n|\r/),
    after.source.text.split(/\r\n|\n|\r/),
  ];

  const lines: string[] = [];
  let [i, j] = [0, 0];

  while (i < old.length || j < fresh.length) {
    if (i < old.length && old[i] === fresh[j]) {
      i++;
      j++;
      continue;
    }

    const { skipOld, skipNew } = resynchronize(old, fresh, i, j);
    for (const end = i + skipOld; i < end; i++) {
      lines.push(formatLine('-', i, old[i] ?? ''));
    }

    for (const end = j + skipNew; j < end; j++) {
      lines.push(formatLine('+', j, fresh[j] ?? ''));
    }
  }

  return lines;
}

/** The smallest step in both texts after which their lines agree again. */
function resynchronize(
  old: readonly string[],
  fresh: readonly string[],
  ...[i, j]: [number, number]
): { skipOld: number; skipNew: number } {
  const furthest = old.length - i + fresh.length - j;
  for (let total = 1; total <= furthest; total++) {
    for (let skipNew = 0; skipNew <= total; skipNew++) {
      const skipOld = total - skipNew;
      if (i + skipOld > old.length || j + skipNew > fresh.length) continue;
      if (agrees(old, fresh, i + skipOld, j + skipNew)) {
        return { skipOld, skipNew };
      }
    }
  }

  return { skipOld: old.length - i, skipNew: fresh.length - j };
}

/** One equal line may be chance (`<listitem>`); three are not. */
function agrees(
  old: readonly string[],
  fresh: readonly string[],
  ...[i, j]: [number, number]
): boolean {
  return [0, 1, 2].every((offset) => old[i + offset] === fresh[j + offset]);
}

function formatLine(sign: string, index: number, line: string): string {
  return `${sign}${String(index + 1).padStart(5)}  ${line.replace(/\b(D3S|SHA|DES|NUL):[^<]*/g, '$1:…')}`;
}
