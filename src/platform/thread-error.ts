import { messageOf } from '../errors.js';

/** An error between threads. A cloned Error would lose its code. */
export interface ThreadError {
  readonly message: string;
  readonly stack: string | undefined;
  /** The fields of an operating system's error. */
  readonly facts: Readonly<Record<string, unknown>>;
}

const FACTS = ['code', 'errno', 'syscall', 'path', 'dest'] as const;

/** The error for another thread. */
export function toThreadError(error: unknown): ThreadError {
  if (!(error instanceof Error)) {
    return { message: messageOf(error), stack: undefined, facts: {} };
  }

  const fields = error as NodeJS.ErrnoException & { dest?: string };

  const facts = Object.fromEntries(
    FACTS.filter((fact) => fields[fact] !== undefined).map((fact) => [
      fact,
      fields[fact],
    ]),
  );

  return { message: error.message, stack: error.stack, facts };
}

/** The error of another thread. */
export function fromThreadError({ message, stack, facts }: ThreadError): Error {
  const error = Object.assign(new Error(message), facts);
  if (stack !== undefined) error.stack = stack;
  return error;
}
