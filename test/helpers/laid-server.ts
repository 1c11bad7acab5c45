import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { kmsInProcess } from './in-process.js';
import { buildInstallation, type Installation } from './installation.js';
import { makeRunningServer, type RunningServer } from './running-server.js';
import { temporaryDirectory } from './store.js';
import { expectDone } from './tools.js';

/** A mail server with an archive, put aside: it is laid down anew for each test. */
export interface ServerTemplate {
  readonly dir: string;
  readonly server: Installation;
  readonly path: string;
}

/** @param label for the name of its temporary directory */
export async function makeServerTemplate(
  label: string,
): Promise<ServerTemplate> {
  const dir = temporaryDirectory(label);
  const path = join(dir, 'template');
  const server = buildInstallation(join(dir, 'server'), { keep: 7 });
  const at = ['--server-dir', server.serverDir];

  expectDone(await kmsInProcess(['backup', 'full', ...at]));
  renameSync(server.serverDir, path);

  return { dir, server, path };
}

/** Nothing runs before its `start`. */
export function layServer({ path, server }: ServerTemplate): RunningServer {
  cpSync(path, server.serverDir, { recursive: true, preserveTimestamps: true });

  return makeRunningServer(server.serverDir);
}

/** Ends whatever runs, and removes what was laid down. */
export function takeAway(
  { serverDir }: Installation,
  engine: RunningServer,
): void {
  engine.kill();
  rmSync(serverDir, { recursive: true, maxRetries: 9 });
}
