import { readFileSync } from 'node:fs';

/** The shells that completion exists for, and the file that each reads. */
export const SHELLS = {
  bash: 'kms-backup.bash',
  zsh: '_kms-backup',
  fish: 'kms-backup.fish',
  powershell: 'kms-backup.ps1',
} as const;
export type Shell = keyof typeof SHELLS;

/** The completion script of a shell, as it was made from the commands. */
export function readCompletionScript(shell: Shell): string {
  return readFileSync(
    new URL(`../../completion/${SHELLS[shell]}`, import.meta.url),
    'utf8',
  );
}
