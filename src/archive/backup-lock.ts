/** The file whose holder may write, rotate or remove in a backup directory. */
export const LOCK_FILE = '.kms-backup.lock';
