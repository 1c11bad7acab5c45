export class Dice {
  constructor(seed: number);
  next(): number;
  int(low: number, high: number): number;
  pick<T>(choices: readonly T[]): T;
  bytes(length: number): Buffer;
}

export interface EntryLayout {
  readonly name: string;
  readonly offset: number;
  readonly dataStart: number;
  readonly dataEnd: number;
  readonly size: number;
  readonly central: readonly [number, number];
}

export type Ranges = readonly (readonly [number, number])[];

export const KINDS: readonly string[];
export function makeMessages(seed: number): Map<string, Buffer>;
export function writeStore(
  storeDir: string,
  messages: ReadonlyMap<string, Buffer>,
): void;
export function layoutOf(path: string): {
  readonly entries: readonly EntryLayout[];
  readonly directoryStart: number;
  readonly bytes: Buffer;
};
export function damage(
  directory: string,
  seed: number,
  kinds: readonly string[],
): {
  readonly kinds: readonly string[];
  readonly touched: ReadonlyMap<string, Ranges>;
};
export function stateOf(
  entry: EntryLayout,
  ranges?: Ranges,
): 'whole' | 'named' | 'lost';
