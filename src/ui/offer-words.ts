/** What `complete` prints, without the machinery of the command line: somebody waits for it with a finger on Tab. */
import { completionWords, WORD_KINDS } from '../jobs/complete-words.js';
import { isCalledKmsrecover } from '../platform/self.js';

/** Undefined: those are no words of a completion script, and the command line says what is wrong with them. */
export function offerText(argv: readonly string[]): string | undefined {
  const [command, kind, dashes, ...typed] = argv;
  const known = WORD_KINDS.find((name) => name === kind);
  const isScript = command === 'complete' && dashes === '--';
  if (!isScript || !known || isCalledKmsrecover()) return undefined;

  return completionWords(known, typed)
    .map((word) => `${word}\n`)
    .join('');
}
