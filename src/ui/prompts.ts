import { InterruptedError, UsageError } from '../errors.js';
import type { Choice } from './list-state.js';

/** One question. `validate` returns true or what is wrong. */
interface Question {
  readonly message: string;
  readonly initial: string;
  readonly validate?: (text: string) => true | string;
}

/** Asks a person on the terminal; questions go to stderr, so that stdout stays the result's. */
export interface Prompts {
  text(question: Question): Promise<string>;
  confirm(message: string, initial: boolean): Promise<boolean>;
  select(message: string, choices: readonly Choice[]): Promise<string>;
  /** Any number of choices, also none; they are marked across filters. */
  pick(message: string, choices: readonly Choice[]): Promise<string[]>;
  /** A line between the questions. */
  tell(message: string): void;
  /** Not shown while typed. */
  password(message: string): Promise<string>;
}

/**
 * Prompts on the terminal.
 * @throws {UsageError} when there is no terminal to ask on; `instead` says what to use then
 */
export function openPrompts(instead: string): Prompts {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError('there is no terminal to ask on', {
      hints: [instead],
    });
  }

  /** The type of the answer is that of the question's `type`. */
  const ask = async <Answer>(question: object): Promise<Answer> => {
    const answer = await guard(() => askInquirer(question));

    return answer as Answer;
  };

  return {
    text: ({ message, initial, validate = () => true }) =>
      ask({ type: 'input', message, default: initial, validate }),
    confirm: (message, initial) =>
      ask({ type: 'confirm', message, default: initial }),
    select: (message, choices) =>
      ask({ type: 'filter-list', message, choices, isMultiple: false }),
    pick: (message, choices) =>
      ask({ type: 'filter-list', message, choices, isMultiple: true }),
    tell: (message) => process.stderr.write(`${message}\n`),
    password: (message) => ask({ type: 'password', message }),
  };
}

/** inquirer is loaded at a question: it takes a tenth of a second, and most runs ask none. */
async function askInquirer(question: object): Promise<unknown> {
  const { default: inquirer } = await import('inquirer');
  const { filterList } = await import('./filter-list.js');

  const prompt = inquirer.createPromptModule({ output: process.stderr });
  prompt.registerPrompt('filter-list', filterList);

  const questions: unknown = [{ name: 'answer', ...question }];
  const { answer } = await prompt<{ answer: unknown }>(
    questions as Parameters<typeof prompt>[0],
  );

  return answer;
}

/** Ctrl+C in a prompt arrives as an error, not as a signal: the terminal is in raw mode. */
async function guard<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    if (error instanceof Error && error.name === 'ExitPromptError') {
      throw new InterruptedError('SIGINT', 'nothing was changed');
    }

    throw error;
  }
}
