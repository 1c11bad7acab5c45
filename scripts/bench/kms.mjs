// How this tool is called in a measurement: exactly as a script would.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BINARY = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
/** No mail server of this machine plays a part. */
const env = { KMS_BACKUP_PID_FILE: '/nonexistent/kms.pid', NO_COLOR: '1' };

export const kms = (...args) => ({
  command: [process.execPath, BINARY, ...args],
  env,
  name: 'kms-backup',
});

/** The archives' bytes in a backup directory. */
export function archiveBytes(dir) {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.zip'))
    .reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
}

/** All bytes below a directory. */
export function treeBytes(dir) {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size,
      0,
    );
}
