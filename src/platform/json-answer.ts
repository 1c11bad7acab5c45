/** The answer of another program in JSON, read field by field: what is not as it must be is named, and never guessed. */
import { ExitCode, KmsError } from '../errors.js';
import { plainText } from './plain-text.js';

export interface JsonObject {
  readonly [key: string]: unknown;
}

/** An answer says something that its interface does not provide for (exit 1). */
export class UnknownAnswerError extends KmsError {
  constructor(message: string) {
    super('API_ANSWER', ExitCode.failed, message, {
      hints: [
        'This version of the server speaks otherwise: use its own administration.',
      ],
    });
  }
}

const LONGEST_QUOTE = 60;

/** One value of an answer, and where it stands in it. */
export class JsonAnswer {
  /** @param place for messages: `Backup.get: options.rotationLimit` */
  constructor(
    readonly place: string,
    readonly value: unknown,
  ) {}

  /** A field of an object; undefined inside where it is not there. @throws {UnknownAnswerError} where this is no object */
  field(name: string): JsonAnswer {
    const separator = this.place.includes(': ') ? '.' : ': ';
    const object = this.object();
    const value = Object.hasOwn(object, name) ? object[name] : undefined;

    return new JsonAnswer(`${this.place}${separator}${name}`, value);
  }

  object(): JsonObject {
    const { value } = this;
    const isObject = typeof value === 'object' && value !== null;
    if (!isObject || Array.isArray(value)) this.#refuse('no object');

    return value as JsonObject;
  }

  items(): JsonAnswer[] {
    if (!Array.isArray(this.value)) this.#refuse('no list');

    return (this.value as unknown[]).map(
      (item, index) => new JsonAnswer(`${this.place}[${index}]`, item),
    );
  }

  text(): string {
    if (typeof this.value !== 'string') this.#refuse('no text');

    return this.value;
  }

  flag(): boolean {
    if (typeof this.value !== 'boolean') this.#refuse('neither true nor false');

    return this.value;
  }

  wholeNumber(least: number, most: number): number {
    const number = this.value;
    const isWithin =
      Number.isSafeInteger(number) &&
      (number as number) >= least &&
      (number as number) <= most;
    if (!isWithin) this.#refuse(`no whole number from ${least} to ${most}`);

    return number as number;
  }

  /** What one of several words stands for. */
  oneOf<Meaning>(words: ReadonlyMap<string, Meaning>): Meaning {
    const meaning = words.get(this.text());
    if (meaning === undefined) {
      this.#refuse(`none of ${[...words.keys()].join(', ')}`);
    }

    return meaning;
  }

  #refuse(what: string): never {
    throw new UnknownAnswerError(
      `${this.place} is ${quoted(this.value)}, which is ${what}`,
    );
  }
}

function quoted(value: unknown): string {
  if (value === undefined) return 'missing';

  return plainText(JSON.stringify(value), LONGEST_QUOTE);
}
