import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { said } from '../helpers/tools.js';
import {
  type EndedAct,
  openLane,
  type WovenLane,
} from '../helpers/woven-lane.js';
import {
  ACT_KINDS,
  type PlannedRound,
  planRound,
} from '../helpers/woven-plan.js';

const isThorough = process.env['KMS_TEST_THOROUGH'] === '1';
/** In each, one to three acts begin at moments of their own on a server that takes in mail, and some of them are killed. */
const ROUNDS = Number(
  process.env['KMS_TEST_ROUNDS'] ?? (isThorough ? 1000 : 2),
);
/** Of it come the plans and what the server does by itself. How long things take, and so what meets what, comes of the machine. */
const SEED = Number(process.env['KMS_TEST_SEED'] ?? 391057);
/** The first round; with KMS_TEST_ROUNDS=1 it is the only one. */
const FIRST = Number(process.env['KMS_TEST_FIRST_ROUND'] ?? 1);
/** Servers side by side: most of a round is waiting. */
const LANES = isThorough ? 5 : 1;

let dir = '';
let lanes: WovenLane[] = [];
const acts: EndedAct[] = [];

beforeAll(async () => {
  dir = temporaryDirectory('running');
  lanes = await Promise.all(
    Array.from({ length: LANES }, (_, at) => openLane(join(dir, String(at)))),
  );
});
afterAll(() => {
  for (const lane of lanes) lane.close();
  removeTemporary(dir);
});

it(`loses no message, flag or setting in ${String(ROUNDS)} rounds on a server that runs`, async () => {
  let next = FIRST;
  let played = 0;

  const playAll = async (lane: WovenLane): Promise<void> => {
    while (next < FIRST + ROUNDS) {
      const round = planRound(SEED, next++);
      acts.push(...(await playRound(lane, round)));
      played++;
      if (played % 50 === 0) console.log(countActs(played));
    }
  };

  await Promise.all(lanes.map(playAll));

  console.log(countActs(played));
  // Where everything is refused nothing is proven.
  expect(kindsDone()).toBeGreaterThan(ROUNDS < 100 ? 1 : 7);
  expect(acts.filter(({ isDone }) => isDone).length).toBeGreaterThan(
    ROUNDS / 2,
  );
}, 7_200_000);

async function playRound(
  lane: WovenLane,
  round: PlannedRound,
): Promise<EndedAct[]> {
  try {
    return await lane.play(round);
  } catch (error) {
    const again = `KMS_TEST_SEED=${SEED} KMS_TEST_FIRST_ROUND=${round.number} KMS_TEST_ROUNDS=1`;
    throw new Error(`${again}\n${JSON.stringify(round, undefined, 1)}`, {
      cause: error,
    });
  }
}

const kindsDone = (): number =>
  new Set(acts.filter(({ isDone }) => isDone).map(({ act }) => act.kind)).size;

function countActs(rounds: number): string {
  const lines = ACT_KINDS.map((kind) => {
    const all = acts.filter(({ act }) => act.kind === kind);
    const done = all.filter(({ isDone }) => isDone).length;
    const refusals = all
      .filter(({ isDone, isKilled }) => !isDone && !isKilled)
      .map(({ ended }) => /^Code: (.*)$/m.exec(said(ended))?.[1] ?? '');
    const refused = [...new Set(refusals)].map(
      (code) => `${refusals.filter((each) => each === code).length} ${code}`,
    );

    const killed = all.filter(({ isKilled }) => isKilled).length;

    return `  ${kind}: ${done} done, killed: ${killed}, refused: ${refused.join(', ') || 'none'}`;
  });

  return [`rounds without a loss: ${rounds}`, ...lines, countMet()].join('\n');
}

function countMet(): string {
  const met = new Map<string, number>();
  for (const [what, count] of lanes.flatMap((lane) => [...lane.met])) {
    met.set(what, (met.get(what) ?? 0) + count);
  }

  const words = [...met].map(([what, count]) => `${count} × ${what}`);

  return `  after kills: ${words.sort().join(', ') || 'nothing'}`;
}
