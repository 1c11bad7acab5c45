/** What is written to a bucket. */
import { UsageError } from '../../errors.js';
import type { Storage } from '../storage.js';
import type { Bucket } from './bucket.js';

/** The writing side of a storage that is a bucket. */
export type Writing = Pick<
  Storage,
  'features' | 'create' | 'publish' | 'remove' | 'sync' | 'prepare'
>;

export function writingOf({ name }: Bucket): Writing {
  const refuse = (): Promise<never> => {
    return Promise.reject(cannotWrite(name));
  };

  return {
    features: {
      renames: false,
      truncates: false,
      syncs: false,
      rangesAtOnce: true,
    },
    create: () => {
      throw cannotWrite(name);
    },
    publish: refuse,
    remove: refuse,
    sync: () => Promise.resolve(),
    prepare: refuse,
  };
}

function cannotWrite(name: string): Error {
  return new UsageError(`no backup can be written to ${name} yet`, {
    hints: ['Back up to a directory of a disk or share.'],
  });
}
