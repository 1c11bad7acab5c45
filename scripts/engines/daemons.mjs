// What the engines of object stores share: their daemons, ports and waiting.
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const INSTALL_MS = 180_000;
const STEP_MS = 60_000;
const START_MS = 90_000;

/** Programs that run until they are stopped, each under a name. */
export class Daemons {
  #running = new Map();

  constructor(env) {
    this.env = env;
  }

  start(name, program, args) {
    const { env } = this;
    this.#running.set(name, spawn(program, args, { env, stdio: 'ignore' }));
  }

  /** Ends a daemon as a machine that loses its power does, or politely. */
  async stop(name, signal = 'SIGTERM') {
    const daemon = this.#running.get(name);
    this.#running.delete(name);
    if (!daemon || daemon.exitCode !== null || daemon.signalCode) return;

    const ended = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill(signal);
    const isSlow = await Promise.race([ended, sleep(10_000, 'slow')]);
    if (isSlow === 'slow') daemon.kill('SIGKILL');
  }

  /** Those that others need go last. */
  async stopAll() {
    for (const name of [...this.#running.keys()].reverse()) {
      await this.stop(name);
    }
  }

  /** Runs a program to its end. */
  run(program, args) {
    const { env } = this;
    const ended = spawnSync(program, args, {
      env,
      encoding: 'utf8',
      timeout: STEP_MS,
    });
    if (ended.status === 0) return;

    const words = ended.stderr?.trim().split('\n').at(-1) ?? '';
    throw new Error(`${program} ended with ${ended.status}: ${words}`);
  }
}

/** Installs Debian's packages where programs are missing. Returns whether they are there. */
export function install(programs, packages, env) {
  const hasAll = () =>
    programs.every(
      (name) =>
        spawnSync('which', [name], { env, stdio: 'ignore' }).status === 0,
    );

  if (process.platform !== 'linux' || process.getuid() !== 0) return false;
  if (hasAll()) return true;

  console.log(`installing ${packages.join(' ')}`);
  const options = {
    env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: 'ignore',
    timeout: INSTALL_MS,
  };
  const words = ['install', '-qq', '-y', '--no-install-recommends'];

  spawnSync('apt-get', ['update', '-qq'], options);
  spawnSync('apt-get', [...words, ...packages], options);

  return hasAll();
}

/** Waits until somebody answers there, whatever it says. */
export async function untilAnswered(address) {
  const endMs = performance.now() + START_MS;

  while (performance.now() < endMs) {
    try {
      await fetch(address, { signal: AbortSignal.timeout(2_000) });

      return;
    } catch {
      await sleep(200);
    }
  }

  throw new Error(`${address} does not answer`);
}

/** Ports that nobody has now. */
export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = [];

  for (const server of servers) {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    ports.push(server.address().port);
  }

  for (const server of servers) server.close();

  return ports;
}
