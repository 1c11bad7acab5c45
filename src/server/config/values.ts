import { ConfigurationError } from '../../errors.js';
import type {
  ConfigDocument,
  ConfigItem,
  ConfigSection,
  ConfigVariable,
} from './document.js';

/** Reads typed values out of one table or list item; an absent or empty variable gives the fallback. */
export interface ValueReader {
  text(name: string, fallback: string): string;
  /** @throws {ConfigurationError} naming file, line and value when it is no whole number of that range */
  integer(
    name: string,
    fallback: number,
    range: readonly [number, number],
  ): number;
  /** `0` or `1`. @throws {ConfigurationError} for anything else */
  flag(name: string, fallback: boolean): boolean;
}

/** The first section of that kind and name. */
export function findSection(
  document: ConfigDocument,
  kind: 'table' | 'list',
  name: string,
): ConfigSection | undefined {
  return document.sections.find(
    (section) => section.kind === kind && section.name === name,
  );
}

/**
 * The variable of that name; undefined where there is none.
 * @throws {ConfigurationError} when it is there twice with different values: nobody could tell which one counts
 */
function findVariable(
  document: ConfigDocument,
  holder: ConfigSection | ConfigItem | undefined,
  name: string,
): ConfigVariable | undefined {
  const found =
    holder?.variables.filter((variable) => variable.name === name) ?? [];
  const [first] = found;
  const other = found.find(({ value }) => value !== first?.value);

  if (first && other) {
    throw valueError(
      document,
      other,
      `contradicts ${name} in line ${first.line}, which is ${quote(first)}`,
    );
  }

  return first;
}

/** A reader of one table's or item's values. */
export function readerOf(
  document: ConfigDocument,
  holder: ConfigSection | ConfigItem | undefined,
): ValueReader {
  const find = (name: string): ConfigVariable | undefined => {
    const variable = findVariable(document, holder, name);
    return variable && variable.value.trim() !== '' ? variable : undefined;
  };

  return {
    text: (name, fallback) => find(name)?.value ?? fallback,
    integer: (name, fallback, [min, max]) => {
      const variable = find(name);
      if (!variable) return fallback;

      const value = variable.value.trim();
      const number = Number(value);

      if (!/^-?\d+$/.test(value) || !Number.isSafeInteger(number)) {
        throw valueError(document, variable, 'is no whole number');
      }

      if (number < min || number > max) {
        throw valueError(document, variable, `is not within ${min} and ${max}`);
      }

      return number;
    },
    flag: (name, fallback) => {
      const variable = find(name);
      if (!variable) return fallback;
      const value = variable.value.trim();
      if (value !== '0' && value !== '1') {
        throw valueError(document, variable, 'is neither 0 nor 1');
      }

      return value === '1';
    },
  };
}

/** `FILE, line 12: RotationLimit is "many", which is no whole number`. */
export function valueError(
  document: ConfigDocument,
  variable: ConfigVariable,
  what: string,
): ConfigurationError {
  const { path } = document.source;
  return new ConfigurationError(
    `${path}, line ${variable.line}: ${variable.name} is ${quote(variable)}, which ${what}`,
  );
}

function quote({ value }: ConfigVariable): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value);
}
