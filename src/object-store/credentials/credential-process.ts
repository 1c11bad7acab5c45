import { ConfigurationError } from '../../errors.js';
import { runToEnd } from '../../platform/run-program.js';
import { splitShellWords } from '../../platform/split-words.js';
import type { Credentials } from '../request-signature.js';

/** After which a program that prints credentials is ended. */
const PROCESS_MS = 60_000;

/**
 * Runs a program that prints credentials, as AWS's tools do: `{"Version": 1, "AccessKeyId": …, "SecretAccessKey": …}`.
 * @throws {ConfigurationError} when there is no such program, it fails, or prints something else; what it printed is not shown
 */
export async function loadFromProcess(command: string): Promise<Credentials> {
  const words = splitShellWords(command);
  const [program = ''] = words;
  const { exitCode, stdout } = await runToEnd(words, {
    signal: AbortSignal.timeout(PROCESS_MS),
    keepsStderr: true,
  });
  if (exitCode !== 0) {
    throw processProblem(program, `ended with ${exitCode}`);
  }

  const credentials = credentialsOfJson(stdout);
  if (credentials) return credentials;

  throw processProblem(program, 'printed no credentials');
}

/** Credentials as programs and services print them; undefined where the text is something else. */
export function credentialsOfJson(text: string): Credentials | undefined {
  const fields = parseObject(text);
  const accessKeyId = textOf(fields['AccessKeyId']);
  const secretAccessKey = textOf(fields['SecretAccessKey']);
  const sessionToken = textOf(fields['SessionToken'] ?? fields['Token']);
  const expiresMs = Date.parse(textOf(fields['Expiration']));
  if (accessKeyId === '' || secretAccessKey === '') return undefined;

  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== '' && { sessionToken }),
    ...(!Number.isNaN(expiresMs) && { expiresMs }),
  };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

function processProblem(program: string, fact: string): ConfigurationError {
  return new ConfigurationError(`the credential process ${program} ${fact}`, {
    hints: ['Run it by hand: it must print JSON as the AWS tools expect it.'],
  });
}
