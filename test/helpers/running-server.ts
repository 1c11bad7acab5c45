import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('stand-in-server.mjs', import.meta.url));

/** How a stand-in behaves: stand-in-server.mjs. */
export interface Behaviour {
  readonly stopMs?: number;
  readonly isBroken?: boolean;
  readonly isDeaf?: boolean;
  /** Mail comes in and is read all the while, and IMAP is spoken on `imapPort`. */
  readonly isBusy?: boolean;
  /** What it does by itself while it is busy is chosen from this. */
  readonly seed?: number;
  readonly imapPort?: number;
  /** The share of messages added by IMAP at which the connection breaks off. */
  readonly dropRate?: number;
  /** A process without which it ends. */
  readonly owner?: number;
  /** What it writes into mailserver.cfg when it stops. Default: what it read there when it started. */
  readonly memory?: string;
}

/** A mail server that runs as a process, and the System V script that stops and starts it. */
export interface RunningServer {
  /** The script: `start`, `stop`, `status`. */
  readonly script: string;
  behave(behaviour: Behaviour): void;
  /** Starts it and waits until it has read its files. */
  start(): Promise<void>;
  /** Asks it to end, as somebody does by hand. */
  stop(): void;
  /** It was asked to stop. */
  isStopping(): boolean;
  /** The number of its process; undefined where it does not run. */
  pid(): number | undefined;
  /** Ends whatever runs. */
  kill(): void;
}

/** Makes the script and names it in kms-backup.ini. Nothing runs before `start`. */
export function makeRunningServer(serverDir: string): RunningServer {
  const script = join(dirname(serverDir), 'keriomailserver');
  const ready = join(serverDir, 'stand-in.ready');
  const stopping = join(serverDir, 'stand-in.stopping');
  writeFileSync(script, scriptText(serverDir), { mode: 0o755 });
  writeFileSync(
    join(serverDir, 'kms-backup.ini'),
    `[server]\nstop = '${script}' stop\nstart = '${script}' start\nstart-timeout = 9s\n`,
  );

  const pid = (): number | undefined => {
    const number = existsSync(ready) ? Number(readFileSync(ready)) : 0;

    return number > 0 && isProcess(number) ? number : undefined;
  };

  return {
    script,
    pid,
    isStopping: () => existsSync(stopping),
    behave(behaviour) {
      const text = JSON.stringify(behaviour);
      writeFileSync(join(serverDir, 'stand-in.json'), text);
    },
    async start() {
      rmSync(ready, { force: true });
      execFileSync(script, ['start'], { stdio: 'ignore' });
      while (pid() === undefined) await sleep(20);
    },
    stop() {
      execFileSync(script, ['stop'], { stdio: 'ignore' });
    },
    kill() {
      const number = pid();
      if (number !== undefined) process.kill(number, 'SIGKILL');
    },
  };
}

function isProcess(pid: number): boolean {
  const stat = `/proc/${String(pid)}/stat`;

  return existsSync(stat) && !/\) [ZX] /.test(readFileSync(stat, 'latin1'));
}

/** As such scripts are: it asks the process to end and does not wait for that. */
function scriptText(serverDir: string): string {
  return `#!/bin/sh
# chkconfig: 345 90 10
ready='${join(serverDir, 'stand-in.ready')}'
case "$1" in
start)
  rm -f "$ready" '${join(serverDir, 'stand-in.stopping')}'
  echo 'Starting Kerio MailServer'
  '${process.execPath}' '${PROGRAM}' '${serverDir}' &
  ;;
stop)
  echo 'Stopping Kerio MailServer'
  kill -TERM "$(cat "$ready")"
  ;;
status)
  kill -0 "$(cat "$ready")"
  ;;
esac
`;
}
