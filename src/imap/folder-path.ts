import { cutToBytes } from '../platform/cut-to-bytes.js';

/** Names of folders as a server takes them. Pure. */

/** What a server may not take in a name, or takes for something else: control characters, and wildcards of LIST (RFC 3501 5.1). */
const FORBIDDEN = /[\p{Cc}*%]/gu;
/** All but what every server takes in a name. */
const NOT_PLAIN = /[^\p{L}\p{M}\p{N} _()-]/gu;
const LONGEST_NAME_BYTES = 200;

/**
 * The steps of a path as a server with this separator takes them. What it forbids is written as `_`; a name that becomes another's
 * by that gets a number, and the same path always gets the same steps.
 */
export class FolderPaths {
  readonly #byPath = new Map<string, readonly string[]>();
  readonly #taken = new Set<string>();

  /** @param wanted all paths that will be asked for: those that the server takes as they are keep their names */
  constructor(
    private readonly separator: string,
    wanted: readonly (readonly string[])[] = [],
  ) {
    for (const path of wanted) {
      if (path.every((name) => this.#takenByServer(name) === name)) {
        this.stepsOf(path);
      }
    }
  }

  /** @param path steps as people see them */
  stepsOf(path: readonly string[]): readonly string[] {
    const key = path.join('\0');
    const known = this.#byPath.get(key);
    if (known) return known;

    const above = path.length > 1 ? this.stepsOf(path.slice(0, -1)) : [];
    const name = this.#freeName(above, path.at(-1) ?? '');
    const steps = [...above, name];

    this.#byPath.set(key, steps);

    return steps;
  }

  /** The same for a server that refuses them, and does not say what it forbids: letters, digits and little else. */
  stricterStepsOf(path: readonly string[]): readonly string[] {
    const key = ['strict', ...path].join('\0');
    const known = this.#byPath.get(key);
    if (known) return known;

    const above =
      path.length > 1 ? this.stricterStepsOf(path.slice(0, -1)) : [];
    const plain = this.stepsOf(path).at(-1) ?? '';
    const strict = plain.replace(NOT_PLAIN, '_');
    const name = strict === plain ? plain : this.#freeName(above, strict);
    const steps = [...above, name];

    this.#byPath.set(key, steps);

    return steps;
  }

  #freeName(above: readonly string[], wanted: string): string {
    const plain = this.#takenByServer(wanted);
    let name = plain;

    for (let count = 2; this.#isTaken([...above, name]); count++) {
      name = `${plain} (${String(count)})`;
    }

    return name;
  }

  /** Many servers keep folders as files on a disk that does not tell upper from lower case. */
  #isTaken(steps: readonly string[]): boolean {
    const key = steps.join('\0').toLowerCase();
    const isTaken = this.#taken.has(key);
    this.#taken.add(key);

    return isTaken;
  }

  #takenByServer(name: string): string {
    const plain = name
      .normalize('NFC')
      .replace(FORBIDDEN, '_')
      .replaceAll(this.separator, '_')
      .replaceAll('/', '_')
      // A name of dots, a space at an end and a home directory are no folders to a server that keeps them on a disk.
      .replace(/^[~.]|^ | $/g, '_');

    return cutToBytes(plain === '' ? '_' : plain, LONGEST_NAME_BYTES);
  }
}
