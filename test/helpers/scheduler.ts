import { spawnSync } from 'node:child_process';
import type { SchedulerKind } from '../../src/schedule/job.js';

/** What each scheduler starts for an exported entry, by other code than the product's. */
export function startedBy(
  kind: SchedulerKind,
  text: string,
): readonly string[] {
  switch (kind) {
    case 'cron':
      // crontab(5): five fields, then what the shell gets, in which \% is %.
      return [
        '/bin/sh',
        '-c',
        field(text, /^\d+ \d+ \* \* \S+ (.*)$/m).replaceAll('\\%', '%'),
      ];
    case 'systemd':
      return ['/bin/sh', '-c', asShellLine(field(text, /^ExecStart=(.*)$/m))];
    case 'launchd':
      return python(
        'import sys,plistlib,json; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())["ProgramArguments"]))',
        text,
      );
    case 'schtasks':
      return python(
        'import sys,json,shlex,xml.etree.ElementTree as e; r=e.fromstring(sys.stdin.read()); ' +
          't=lambda n: next(x.text for x in r.iter() if x.tag.endswith(n)); ' +
          'print(json.dumps([t("Command"), *shlex.split(t("Arguments"))]))',
        text,
      );
  }
}

/** From the root directory with an empty environment, which is less than any scheduler gives. */
export function runAsScheduler(command: readonly string[]): {
  status: number | null;
  said: string;
} {
  const { status, stdout, stderr } = spawnSync('env', ['-i', ...command], {
    cwd: '/',
    encoding: 'utf8',
  });
  return { status, said: stdout + stderr };
}

/** systemd.service(5): `%%` and `$$` are the characters; its double quotes are the shell's, where `$` is to stay. */
function asShellLine(line: string): string {
  return line.replaceAll('%%', '%').replaceAll('$$', () => '\\$');
}

function field(text: string, pattern: RegExp): string {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`no ${String(pattern)} in: ${text}`);
  return found;
}

function python(program: string, input: string): string[] {
  const { stdout, stderr } = spawnSync('python3', ['-c', program], {
    input,
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as string[];
}
