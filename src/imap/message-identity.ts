/** What tells one message from another on a server and in an archive alike. Pure. */

const LF = 0x0a;
const CR = 0x0d;
/** Enough for the headers that count: of a longer block the rest is left out. */
const HEADERS_LIMIT_BYTES = 256 * 1024;

/** The headers that a server is asked for. */
export const IDENTIFYING_HEADERS = ['message-id', 'date', 'from', 'subject'];

/** The lines of a message as IMAP wants them (RFC 3501 2.2): each LF gets the CR that it lacks; all else stays. */
export function withNetworkLines(bytes: Buffer): Buffer {
  let bare = 0;

  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at - 1] !== CR) bare++;
  }

  if (bare === 0) return bytes;

  const whole = Buffer.allocUnsafe(bytes.length + bare);
  let to = 0;
  let from = 0;

  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    to += bytes.copy(whole, to, from, at);
    if (bytes[at - 1] !== CR) whole[to++] = CR;
    whole[to++] = LF;
    from = at + 1;
  }

  bytes.copy(whole, to, from);

  return whole;
}

/**
 * The key of a message: its Message-ID and its size. Where it has no Message-ID, date, sender and subject stand for it.
 * @param headers the message, its header block, or the identifying headers alone
 */
export function identityOf(headers: Buffer, sizeBytes: number): string {
  const fields = readFields(headers);
  const id = fields.get('message-id') ?? '';
  const name =
    id === ''
      ? IDENTIFYING_HEADERS.map((field) => fields.get(field) ?? '').join('\n')
      : id;

  return `${String(sizeBytes)} ${name}`;
}

/** The first field of each name, unfolded, with single spaces. */
function readFields(headers: Buffer): Map<string, string> {
  const text = headers.toString('latin1', 0, HEADERS_LIMIT_BYTES);
  const end = /\r?\n\r?\n/.exec(text)?.index ?? text.length;
  const block = text.slice(0, end).replace(/\r?\n[ \t]+/g, ' ');
  const fields = new Map<string, string>();

  for (const line of block.split(/\r?\n/)) {
    const [, name = '', value = ''] =
      /^([^:\s]+)[ \t]*:(.*)$/s.exec(line) ?? [];
    const field = name.toLowerCase();

    if (IDENTIFYING_HEADERS.includes(field) && !fields.has(field)) {
      fields.set(field, value.replace(/\s+/g, ' ').trim());
    }
  }

  return fields;
}
