/** What this program keeps beside archives for itself lies in a directory of this machine where the archives are in a bucket. */
import { mkdirSync } from 'node:fs';
import { localStorage } from '../local-storage.js';
import type { Storage } from '../storage.js';

/** Says whether a file is one of this program's own: records, and the headers that searches keep. */
export function isOwnName(name: string): boolean {
  return name.startsWith('.kms-backup');
}

/** The files of a directory that is made when it is needed. */
export function ownFiles(directory: string): Storage {
  const local = localStorage(directory);
  const make = (): void => {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  };

  return {
    ...local,
    list: async (isWanted) => {
      const { state } = await local.standing();
      return state === 'there' ? local.list(isWanted) : [];
    },
    lock: {
      ...local.lock,
      take: (options) => {
        make();
        return local.lock.take(options);
      },
    },
    create: (name) => {
      make();
      return local.create(name);
    },
    replaceRecord: (name, text) => {
      make();
      return local.replaceRecord(name, text);
    },
  };
}
