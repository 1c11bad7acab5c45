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
  'backup copy',
  'backup full',
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
  /** Undefined: it may come to its end. */
  readonly kill: PlannedKill | undefined;
}

/** When a program is killed: so long after its call, or after the first that shows of a step. */
export const KILL_STEPS = ['called', 'noted', 'stopped', 'adding'] as const;
export type KillStep = (typeof KILL_STEPS)[number];

export interface PlannedKill {
  readonly after: KillStep;
  readonly ms: number;
  /**
   * What its administrator does: calls it again at once, or looks when all has come to rest, and then starts the server by hand or calls
   * again.
   */
  readonly wayOut: 'again at once' | 'again' | 'start';
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
      kill: planKill(random, kind, kinds),
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

/** One who waits for the mail server by IMAP cannot be kept waiting until all has come to rest. */
function planKill(
  random: Random,
  kind: ActKind,
  kinds: readonly ActKind[],
): PlannedKill | undefined {
  const isKilled = random.chance(0.4) && !/refused|backup/.test(kind);
  const after = random.pick(stepsOf(kind));
  const ms = random.int(0, after === 'called' ? 1_500 : 150);
  const isAwaited = kinds.some((other) => other !== kind && /IMAP/.test(other));
  const wayOut = isAwaited
    ? 'again at once'
    : random.pick(['again at once', 'again', 'start'] as const);

  // Its administrator would have to look first which task has which number by now.
  if (!isKilled || (kind === 'schedule' && isAwaited)) return undefined;

  return { after, ms, wayOut: kind === 'schedule' ? 'start' : wayOut };
}

function stepsOf(kind: ActKind): readonly KillStep[] {
  if (/IMAP|live server/.test(kind)) return ['called', 'adding', 'adding'];
  if (isRecover(kind)) return KILL_STEPS;

  return ['called', 'noted', 'stopped', 'stopped'];
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
