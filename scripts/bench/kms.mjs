// The command line of this tool in a measurement, as a script would call it.
import { fileURLToPath } from 'node:url';
import { argv } from '../argv.mjs';

const BINARY = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** The environment of every call: a mail server that runs on this machine plays no part. */
export const KMS_ENVIRONMENT = {
  KMS_BACKUP_PID_FILE: '/nonexistent/kms.pid',
  NO_COLOR: '1',
};

/** The contestant that runs a command of this tool: kms`verify ${directory} --json`. */
export function kms(texts, ...values) {
  return {
    name: 'kms-backup',
    command: [process.execPath, BINARY, ...argv(texts, ...values)],
    env: KMS_ENVIRONMENT,
  };
}
