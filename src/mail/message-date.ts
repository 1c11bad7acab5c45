const MONTHS = [
  'jan',
  'feb',
  'mar',
  'apr',
  'may',
  'jun',
  'jul',
  'aug',
  'sep',
  'oct',
  'nov',
  'dec',
];
/** Hours from UTC of the zones in RFC 5322 §4.3, and of those that German and Czech mail systems write. */
const ZONES: Readonly<Record<string, number>> = {
  ut: 0,
  utc: 0,
  gmt: 0,
  z: 0,
  wet: 0,
  cet: 1,
  mez: 1,
  cest: 2,
  mesz: 2,
  eet: 2,
  est: -5,
  edt: -4,
  cst: -6,
  cdt: -5,
  mst: -7,
  mdt: -6,
  pst: -8,
  pdt: -7,
};
const RFC_5322 =
  /^(?:[a-z]+\.?\s*,?\s*)?(\d{1,2})[\s-]+([a-z]{3})[a-z]*\.?[\s-]+(\d{2,4})\s+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:\.\d+)?\s*([+-]\d{4}|[a-z]+)?/;

/**
 * Parses a Date header (RFC 5322 §3.3, and the obsolete forms of §4.3); undefined where it names no instant.
 * A missing or unknown zone counts as UTC (§4.3 says so of unknown names). Examples: `Tue, 17 Nov 2026 09:30:00 +0100`
 * and `17 Nov 26 08:30 GMT` are the same instant; `yesterday` and `31 Feb 2026 10:00:00 +0000` are undefined.
 */
export function parseMessageDate(text: string): Date | undefined {
  const plain = text
    .replace(/\([^()]*\)/g, ' ')
    .trim()
    .toLowerCase();

  const match = RFC_5322.exec(plain);
  if (!match) return parseIsoDate(plain);

  const month = MONTHS.indexOf(match[2] ?? '');
  const offsetMinutes = zoneOffset(match[7]);

  const [day, hour, minute, second] = [
    match[1],
    match[4],
    match[5],
    match[6] ?? '0',
  ].map(Number) as [number, number, number, number];

  if (month < 0 || hour > 23 || minute > 59 || second > 60) return undefined;

  const year = fullYear(match[3] ?? '');
  const localMs = Date.UTC(year, month, day, hour, minute, second);
  // JavaScript would turn a 31st of February into the 3rd of March.
  if (new Date(Date.UTC(year, month, day)).getUTCDate() !== day) {
    return undefined;
  }

  return new Date(localMs - offsetMinutes * 60_000);
}

/** Parses the form of some senders, `2026-11-17T09:30:00+01:00`; without a zone the time is UTC. */
function parseIsoDate(text: string): Date | undefined {
  const match =
    /^(\d{4}-\d{2}-\d{2})[t ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?\s*(z|[+-]\d{2}:?\d{2})?$/.exec(
      text,
    );

  if (!match) return undefined;

  const zone = (match[3] ?? 'z')
    .replace(/^([+-]\d{2}):?(\d{2})$/, '$1:$2')
    .toUpperCase();
  const date = new Date(`${match[1] ?? ''}T${match[2] ?? ''}${zone}`);

  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Completes a year (RFC 5322 §4.3): 00 to 49 are 2000 to 2049, 50 to 99 are 1950 to 1999, three digits count from 1900. */
function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length === 4) return year;
  return digits.length === 2 && year < 50 ? 2000 + year : 1900 + year;
}

function zoneOffset(zone: string | undefined): number {
  const numeric = /^([+-])(\d{2})(\d{2})$/.exec(zone ?? '');
  if (!numeric) return (ZONES[zone ?? ''] ?? 0) * 60;
  const minutes = Number(numeric[2]) * 60 + Number(numeric[3]);
  return numeric[1] === '-' ? -minutes : minutes;
}
