// Makes the system forget what it read from disks, as it is at night when a backup begins.
import { writeFileSync } from 'node:fs';

const SWITCH = '/proc/sys/vm/drop_caches';

/** Pages, directories and inodes; what is not written yet stays. @throws {Error} where only root on Linux could */
export function dropCaches() {
  writeFileSync(SWITCH, '3');
}

/** Why caches cannot be dropped here; undefined where they can. */
export function whyNotCold() {
  try {
    dropCaches();

    return undefined;
  } catch (error) {
    return `--cold needs root on Linux (${SWITCH}: ${error.code})`;
  }
}
