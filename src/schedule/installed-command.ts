import { readCrontabBlock } from './crontab.js';
import type { SchedulerKind } from './job.js';
import {
  splitShellWords,
  splitSystemdWords,
  splitWindowsWords,
} from '../platform/split-words.js';
import { unescapeXml } from '../platform/xml-text.js';
import { queryTask } from './task-scheduler.js';
import { readUnitFile } from './unit-files.js';

/**
 * The words that the installed entry calls, whoever wrote them: an earlier version, or a hand.
 * Undefined where there is no entry of that name; none where its text shows no command.
 * @throws {FailedError} where the scheduler cannot be asked
 */
export function installedCommand(
  kind: SchedulerKind,
  name: string,
): readonly string[] | undefined {
  const text = readEntry(kind, name);
  return text === undefined ? undefined : commandOf(kind, text);
}

/** The words that an entry calls, read from its text. Pure. */
export function commandOf(
  kind: SchedulerKind,
  text: string,
): readonly string[] {
  return READERS[kind](text);
}

function readEntry(kind: SchedulerKind, name: string): string | undefined {
  if (kind === 'cron') return readCrontabBlock(name);
  return kind === 'schtasks' ? queryTask(name) : readUnitFile(kind, name);
}

/** Readers of each scheduler's text. The writers are renderCrontab and its like. */
const READERS: Readonly<Record<SchedulerKind, (text: string) => string[]>> = {
  cron: (text) => {
    const line = /^(?:@\w+|(?:\S+\s+){5})\s*(\S.*)$/m.exec(
      text.replace(/^#.*$/gm, ''),
    )?.[1];
    return splitShellWords((line ?? '').replaceAll('\\%', '%'));
  },
  systemd: (text) =>
    splitSystemdWords(/^ExecStart=(.*)$/m.exec(text)?.[1] ?? ''),
  launchd: (text) => {
    const list =
      /<key>ProgramArguments<\/key>\s*<array>(.*?)<\/array>/s.exec(text)?.[1] ??
      '';
    return [...list.matchAll(/<string>(.*?)<\/string>/gs)].map(
      ([, word = '']) => unescapeXml(word),
    );
  },
  schtasks: (text) => {
    const [program, args] = ['Command', 'Arguments'].map((tag) =>
      unescapeXml(
        new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(text)?.[1] ?? '',
      ),
    );
    return program ? [program, ...splitWindowsWords(args ?? '')] : [];
  },
};
