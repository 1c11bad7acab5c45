/** The message group of the server's backup among those of the debug log, as the running server lists them. */
import { NotFoundError } from '../../errors.js';
import { JsonAnswer, type JsonObject } from '../../platform/json-answer.js';
import { plainText } from '../../platform/plain-text.js';
import type { AdminCalls } from './calls.js';

/** As the administration shows it; versions may spell it otherwise. */
const GROUP = /^store\s+backup$/i;
const MOST_NAMED = 40;

/** Every message group, as read. @throws {UnknownAnswerError} */
export async function readLeaves(calls: AdminCalls): Promise<JsonObject[]> {
  const answer = await calls.ask('Logs.getMessages');

  return answer
    .field('messages')
    .items()
    .map((item) => item.object());
}

/** The position of the group. @throws {NotFoundError} naming what there is, where there is not exactly one */
export function findLeaf(leaves: readonly JsonObject[]): number {
  const names = leaves.map((leaf) => descriptionOf(leaf));
  const found = names.flatMap((name, index) =>
    GROUP.test(name.trim()) ? [index] : [],
  );

  const [only] = found;
  if (only !== undefined && found.length === 1) return only;

  const count = found.length === 0 ? 'no' : String(found.length);
  const there = names
    .slice(0, MOST_NAMED)
    .map((name) => plainText(name, 40))
    .join(', ');

  throw new NotFoundError(
    `the running server lists ${count} message groups Store Backup: ${there}`,
    { hints: ["Use the server's own administration: Logs, Debug, Messages."] },
  );
}

/** Whether its messages are written. @throws {NotFoundError} · {UnknownAnswerError} */
export function isLeafOn(leaves: readonly JsonObject[]): boolean {
  return leafAnswer(leaves[findLeaf(leaves)]).field('enabled').flag();
}

function descriptionOf(leaf: JsonObject): string {
  return leafAnswer(leaf).field('description').text();
}

function leafAnswer(leaf: unknown): JsonAnswer {
  return new JsonAnswer('Logs.getMessages: messages', leaf);
}
