import { ConfigurationError } from '../errors.js';
import { openWithPassphrase } from './age-headers.js';

const KEY = /^AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]+$/;

/**
 * The secret keys in a file of identities, as `age-keygen` writes it: one a line, with comments. A file that a passphrase protects is opened.
 * @throws {ConfigurationError} where a line is no key of age, which is not told: it may be another secret
 */
export async function readIdentities(
  bytes: Buffer,
  path: string,
  askPassphrase: () => Promise<string>,
): Promise<string[]> {
  const plain = await openWithPassphrase(bytes, path, askPassphrase);
  const keys: string[] = [];

  for (const [at, line] of plain.toString('utf8').split(/\r?\n/).entries()) {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) continue;

    if (!KEY.test(text)) {
      throw new ConfigurationError(
        `${path}, line ${String(at + 1)}: not an identity of age`,
        { hints: ['An identity is a line that begins with AGE-SECRET-KEY-.'] },
      );
    }

    keys.push(text);
  }

  if (keys.length > 0) return keys;

  throw new ConfigurationError(`there is no identity of age in ${path}`, {
    hints: ['Name the file that age-keygen wrote.'],
  });
}
