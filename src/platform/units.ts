import { twoDigits } from './dates.js';

/** Sizes and durations as people write them. Pure. */

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  kb: 1000,
  kib: 1024,
  m: 1024 ** 2,
  mb: 1000 ** 2,
  mib: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1000 ** 3,
  gib: 1024 ** 3,
};

/**
 * Bytes of `600MB` (decimal), `2GiB` or `2G` (binary), `1048576` (bytes); undefined where the text is no size.
 * Example: `parseSize('1.5MiB')` is 1572864; `parseSize('2XB')` is undefined.
 */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const factor = SIZE_UNITS[(match?.[2] ?? '?').toLowerCase()];
  if (!match || factor === undefined) return undefined;
  const bytes = Math.floor(Number(match[1]) * factor);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** `291.7 MiB`: binary units, one decimal above bytes. */
export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;

  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }

  return unit === 0
    ? `${String(bytes)} B`
    : `${value.toFixed(1)} ${units[unit] ?? ''}`;
}

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1e3,
  m: 6e4,
  h: 36e5,
  d: 864e5,
  w: 6048e5,
};

/** Milliseconds of `90s`, `10m`, `26h`, `1h30m`, `2d`; a bare number is seconds; undefined where the text is none. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim().toLowerCase();
  if (/^\d+$/.test(trimmed)) return Number(trimmed) * 1000;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/.test(trimmed)) return undefined;

  let total = 0;
  for (const [, number, unit] of trimmed.matchAll(
    /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g,
  )) {
    total += Number(number) * (DURATION_UNITS[unit ?? ''] ?? 0);
  }

  return total;
}

/** `0:09`, `12:05`, `1:02:03`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));

  const [h, m, s] = [
    Math.floor(seconds / 3600),
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ];

  return h > 0
    ? `${String(h)}:${twoDigits(m)}:${twoDigits(s)}`
    : `${String(m)}:${twoDigits(s)}`;
}

/** `3m`, `2h`, `5d`: an age for a table, the largest unit only. */
export function formatAge(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 0) return 'future';
  if (minutes < 60) return `${String(minutes)}m`;
  return minutes < 48 * 60
    ? `${String(Math.floor(minutes / 60))}h`
    : `${String(Math.floor(minutes / 1440))}d`;
}

/** `50,250`. */
export function formatCount(count: number): string {
  return count.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** `1 message`, `2 messages`, `3 entries`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
