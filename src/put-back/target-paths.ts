import type { PutTarget } from './request.js';

/**
 * The steps of the folder that a folder of the archive goes to, as people see them. What `into` stands for is `into` itself; what
 * lies below it lies below. Pure.
 */
export function targetPathOf(
  folder: string,
  { into, standsFor }: PutTarget,
): string[] {
  const [first = '', ...others] = stepsIn(into);
  // Whatever its case, it is the one folder that every account has (RFC 3501 5.1).
  const top = first.toUpperCase() === 'INBOX' ? 'INBOX' : first;

  return [top, ...others, ...stepsIn(below(folder, standsFor))];
}

function below(folder: string, standsFor: string | undefined): string {
  if (standsFor === undefined) return folder;
  if (folder === standsFor) return '';

  return folder.startsWith(`${standsFor}/`)
    ? folder.slice(standsFor.length + 1)
    : folder;
}

function stepsIn(path: string): string[] {
  return path.split('/').filter((step) => step !== '');
}
