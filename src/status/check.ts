/** One thing that doctor looks at, and what came of it. */
export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'problem';
  readonly fact: string;
  /** The advice, for a state other than ok. */
  readonly advice?: string | undefined;
}

export const ok = (name: string, fact: string): Check => ({
  name,
  state: 'ok',
  fact,
});
export const warning = (name: string, fact: string, advice: string): Check => ({
  name,
  state: 'warning',
  fact,
  advice,
});
export const problem = (name: string, fact: string, advice: string): Check => ({
  name,
  state: 'problem',
  fact,
  advice,
});
