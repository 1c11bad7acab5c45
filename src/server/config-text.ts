import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { ConfigurationError, errnoOf, messageOf, NotFoundError } from '../errors.js';

/** A configuration file's text with the encoding that turns it into the same bytes again. */
export interface ConfigText {
  /** For messages. */
  readonly path: string;
  /** With the byte order mark, where the file has one, and with its own line ends. */
  readonly text: string;
  readonly encoding: 'utf8' | 'latin1';
}

/**
 * Decodes a configuration file. UTF-8 where the bytes are UTF-8, otherwise Latin-1, in which every byte stands for
 * itself: `encodeConfigText(decodeConfigText(path, bytes))` gives the same bytes for any input.
 * @throws {ConfigurationError} for UTF-16, which the server never writes
 */
export function decodeConfigText(path: string, bytes: Buffer): ConfigText {
  if (bytes.length >= 2 && (bytes.readUInt16BE(0) === 0xfffe || bytes.readUInt16BE(0) === 0xfeff)) {
    throw new ConfigurationError(`${path}, line 1: the file is UTF-16; the server writes UTF-8`);
  }
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1';
  return { path, text: bytes.toString(encoding), encoding };
}

/** The file's bytes; the inverse of `decodeConfigText`. */
export function encodeConfigText(source: ConfigText): Buffer {
  return Buffer.from(source.text, source.encoding);
}

/**
 * Reads a configuration file's text.
 * @throws {NotFoundError} when it is missing
 * @throws {ConfigurationError} when it cannot be read
 */
export function readConfigText(path: string): ConfigText {
  try {
    return decodeConfigText(path, readFileSync(path));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw new NotFoundError(`no such file: ${path}`, { cause: error });
    if (errnoOf(error) === undefined) throw error;
    throw new ConfigurationError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** The line that an offset lies in, counted from 1; CRLF, LF and CR end a line. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = 0; at < offset && at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 10 || (char === 13 && text.charCodeAt(at + 1) !== 10)) line++;
  }
  return line;
}
