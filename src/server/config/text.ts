import { isUtf8 } from 'node:buffer';
import { ConfigurationError, errnoOf, NotFoundError } from '../../errors.js';
import { pausesMs, waitMs } from '../../platform/patience.js';
import { interruptedContent } from '../../platform/safe-replace.js';
import { readSettingsFile } from '../../platform/settings-file.js';
import { toUnreadableSettings } from '../../platform/system-error.js';

/** The ending of the copy of the content before an edit, beside the file. */
export const COPY_SUFFIX = '.kms-backup.bak';

/** A configuration file's text with the encoding that turns it into the same bytes again. */
export interface ConfigText {
  /** For messages. */
  readonly path: string;
  /** With the byte order mark, where the file has one, and with its own line ends. */
  readonly text: string;
  readonly encoding: 'utf8' | 'latin1';
}

/** An XML declaration that names another encoding than UTF-8; the server writes none at all. */
const OTHER_ENCODING = /^<\?xml[^>]*\sencoding\s*=\s*["'](?!utf-?8["'])/i;

/**
 * Decodes a configuration file. UTF-8 where the bytes are UTF-8 and nothing else is declared, otherwise Latin-1, in which
 * every byte stands for itself: `encodeConfigText(decodeConfigText(path, bytes))` gives the same bytes for any input.
 * @throws {ConfigurationError} for UTF-16, which the server never writes
 */
export function decodeConfigText(path: string, bytes: Buffer): ConfigText {
  if (
    bytes.length >= 2 &&
    (bytes.readUInt16BE(0) === 0xfffe || bytes.readUInt16BE(0) === 0xfeff)
  ) {
    throw new ConfigurationError(
      `${path}, line 1: the file is UTF-16; the server writes UTF-8`,
    );
  }

  const isOther = OTHER_ENCODING.test(bytes.toString('latin1', 0, 200));
  const encoding = isUtf8(bytes) && !isOther ? 'utf8' : 'latin1';

  return { path, text: bytes.toString(encoding), encoding };
}

/** The file's bytes; the inverse of `decodeConfigText`. */
export function encodeConfigText(source: ConfigText): Buffer {
  return Buffer.from(source.text, source.encoding);
}

/**
 * Reads a configuration file's text. Where a kill tore it while it was edited in place, the text that it was to become: a
 * backup at night must not fail for an edit that the next one completes.
 * @throws {NotFoundError} when it is missing
 * @throws {ConfigurationError} when it cannot be read, or is too large to be one
 */
export function readConfigText(path: string): ConfigText {
  const bytes = readWhole(() => readBytes(path));
  return decodeConfigText(path, interruptedContent(path, COPY_SUFFIX) ?? bytes);
}

/** A server writes its files within milliseconds. */
const WRITING_MS = 300;
const END = '</config>';

/** A file that ends too early is perhaps being written by a server that stops just now: it is looked at again. */
export function readWhole(read: () => Buffer): Buffer {
  for (const pauseMs of pausesMs(WRITING_MS)) {
    const bytes = read();
    if (bytes.includes(END)) return bytes;

    waitMs(pauseMs);
  }

  return read();
}

function readBytes(path: string): Buffer {
  try {
    return readSettingsFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') {
      throw new NotFoundError(`no such file: ${path}`, { cause: error });
    }

    throw toUnreadableSettings(error, `cannot read ${path}`);
  }
}

/** Tells the line, counted from 1, that an offset of the text lies in; CRLF, LF and CR end a line. */
export function lineFinder(text: string): (offset: number) => number {
  const starts = [
    0,
    ...[...text.matchAll(/\r\n|\n|\r/g)].map(
      ({ index, 0: end }) => index + end.length,
    ),
  ];

  return (offset) => {
    let [low, high] = [0, starts.length];
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }

    return low + 1;
  };
}
