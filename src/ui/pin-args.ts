import { Args } from '@oclif/core';

/** The archive that is pinned. */
export const archiveArg = {
  ARCHIVE: Args.string({
    required: true,
    description:
      'An archive, as list-archives prints its name, or with its directory.',
  }),
};
