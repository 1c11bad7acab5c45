import { Random } from './random.js';

/** What is done to a server that runs, at once: of a seed and a number, so that it can be planned again. */

/** Names of the archived messages: `00000001`. */
export const ARCHIVED = Array.from({ length: 12 }, (_, at) =>
  (at + 1).toString(16).padStart(8, '0'),
);

export const ACT_KINDS = [
  'additive with a restart',
  'additive on the live server',
  'additive, refused on the live server',
  'IMAP into INBOX',
  'IMAP into a folder of its own',
  'config set',
  'another config set',
  'schedule',
  'log',
] as const;
export type ActKind = (typeof ACT_KINDS)[number];

export interface PlannedAct {
  readonly kind: ActKind;
  /** After the others of its round may have begun. */
  readonly startMs: number;
  /** The messages that a recover brings; empty: the whole folder. */
  readonly messages: readonly string[];
  /** What an edit takes its values from. */
  readonly number: number;
}

/** How the round ends: what is missing is brought by one further call. */
export const ENDINGS = [
  'IMAP',
  'additive on the live server',
  'additive on a stopped server',
] as const;

export interface PlannedRound {
  readonly number: number;
  /** Of what the server does by itself. */
  readonly seed: number;
  readonly stopMs: number;
  readonly dropRate: number;
  /** Archived messages that users have removed. */
  readonly lost: readonly string[];
  /** Of these, one whose name was given to another message. */
  readonly retaken: string | undefined;
  /** The folder that IMAP recovers made is removed. */
  readonly losesFolder: boolean;
  readonly acts: readonly PlannedAct[];
  readonly ending: (typeof ENDINGS)[number];
}

export function planRound(seed: number, number: number): PlannedRound {
  const random = new Random(seed * 1_000_003 + number);
  const lost = some(random, ARCHIVED, random.int(2, 8));
  const kinds = some(random, ACT_KINDS, random.int(1, 3));
  const recovers = kinds.filter(isRecover);
  const shares = shareOut(random, recovers.length);

  const acts = kinds.map((kind): PlannedAct => {
    const share = isRecover(kind) ? shares.pop() : undefined;
    const isWhole = recovers.length === 1 && random.chance(0.5);

    return {
      kind,
      startMs: random.chance(0.3) ? 0 : random.int(0, 1_800),
      messages: isWhole ? [] : (share ?? []),
      number: random.int(1, 1_000_000),
    };
  });

  return {
    number,
    seed: random.int(1, 1 << 30),
    stopMs: random.int(0, 300),
    dropRate: random.pick([0, 0, 0.1, 0.3]),
    lost,
    retaken: random.chance(0.3) ? random.pick(lost) : undefined,
    losesFolder: random.chance(0.2),
    acts,
    ending: random.pick(ENDINGS),
  };
}

function isRecover(kind: ActKind): boolean {
  return /additive|IMAP/.test(kind);
}

/** Two recovers into one folder at once do not see what the other brings: each gets messages of its own. */
function shareOut(random: Random, count: number): string[][] {
  const shares = Array.from({ length: count }, (): string[] => []);

  for (const name of ARCHIVED) {
    if (count > 0) shares[random.int(0, count - 1)]?.push(name);
  }

  return shares.map((share) => (share.length > 0 ? share : ['00000001']));
}

function some<T>(random: Random, all: readonly T[], count: number): T[] {
  const rest = [...all];

  return Array.from({ length: count }, () =>
    rest.splice(random.int(0, rest.length - 1), 1),
  ).flat();
}
