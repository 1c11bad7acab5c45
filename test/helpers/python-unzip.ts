import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';

/** Answers each line, two paths as a list of JSON, with whether it extracted the first into the second. */
const PROGRAM = `
import json, sys, zipfile
for line in sys.stdin:
    archive, target = json.loads(line)
    try:
        zipfile.ZipFile(archive).extractall(target)
        print('yes', flush=True)
    except Exception:
        print('no', flush=True)
`;

/** Python's zipfile in one process: Python's start takes longer than most archives. */
export class PythonUnzip {
  readonly #python: ChildProcess;
  readonly #answers: Interface;

  constructor() {
    const python = spawn('python3', ['-c', PROGRAM], {
      env: { ...process.env, PYTHONUTF8: '1' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#python = python;
    this.#answers = createInterface({ input: python.stdout });
  }

  /** False where Python refuses the archive. */
  async extract(archive: string, target: string): Promise<boolean> {
    this.#python.stdin?.write(`${JSON.stringify([archive, target])}\n`);
    const [answer] = (await once(this.#answers, 'line')) as [string];

    return answer === 'yes';
  }

  async close(): Promise<void> {
    const ended = once(this.#python, 'exit');
    this.#python.stdin?.end();
    await ended;
  }
}
