/** What a server says where it does not do what it was asked for. */
import type { JsonObject } from '../platform/json-answer.js';
import { plainText } from '../platform/plain-text.js';
import { maskSecrets } from '../platform/secret.js';
import { AdminRefusedError } from './fault.js';

/** Nobody is logged in, or no longer. */
export const SESSION_OVER = -32_001;
/** The login may not do this. */
const FORBIDDEN = 1004;
const LONGEST_WORDS = 200;

/**
 * The refusal in an answer: `error`, or the first of the errors that a list of things came to. Undefined: it was done.
 * @param secrets what must not be repeated
 */
export function refusalOf(
  method: string,
  answer: JsonObject,
  secrets: readonly string[],
): AdminRefusedError | undefined {
  const error = objectOf(answer['error']) ?? firstError(answer['result']);
  if (!error) return undefined;

  const code = typeof error['code'] === 'number' ? error['code'] : undefined;
  const words = plainText(maskSecrets(wordsOf(error), secrets), LONGEST_WORDS);
  const hints =
    code === FORBIDDEN
      ? ['Log in as somebody who may administer the whole server: [api] user.']
      : [];

  return new AdminRefusedError(
    `the server refused ${method}: ${words} (${code ?? 'no code'})`,
    code,
    hints,
  );
}

function firstError(result: unknown): JsonObject | undefined {
  const errors = objectOf(result)?.['errors'];

  return Array.isArray(errors) ? objectOf(errors[0]) : undefined;
}

/** The server's sentence, with what stands for %1 and %2 in it. */
function wordsOf(error: JsonObject): string {
  const sentence = error['message'];
  if (typeof sentence !== 'string') return 'no reason is given';

  const given =
    objectOf(error['messageParameters']) ??
    objectOf(objectOf(error['data'])?.['messageParameters']);
  const words = given?.['positionalParameters'];
  const parts: readonly unknown[] = Array.isArray(words) ? words : [];

  return sentence.replace(/%(\d)/g, (whole, digit: string) => {
    const part = parts[Number(digit) - 1];

    return typeof part === 'string' ? part : whole;
  });
}

function objectOf(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}
