import { Flags } from '@oclif/core';

/** When a backup tells by mail how it ended. No default: kms-backup.ini may say it. */
export const notifyFlag = Flags.option({
  options: ['always', 'problems', 'never'] as const,
  summary: 'Send a notification after every run, only when something needs attention, or never.',
})();
