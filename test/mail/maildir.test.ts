import { describe, expect, it } from 'vitest';
import {
  formatMaildirFolder,
  formatMaildirName,
} from '../../src/mail/maildir.js';

const message = {
  receivedAt: new Date(1763368200_000),
  sequence: 12,
  name: '0000000a',
  sizeBytes: 1133,
};

describe('formatMaildirName', () => {
  it('holds time, unique middle, size and flags in alphabetical order', () => {
    const flags = {
      isSeen: true,
      isAnswered: true,
      isFlagged: true,
      isDraft: true,
    };
    expect(formatMaildirName({ ...message, flags })).toBe(
      '1763368200.12_0000000a.kms-backup,S=1133:2,DFRS',
    );
    expect(formatMaildirName({ ...message, flags: undefined }, ';')).toBe(
      '1763368200.12_0000000a.kms-backup,S=1133;2,',
    );
  });

  it('keeps from a name whatever readers take for a size, a flag or the end', () => {
    const odd = formatMaildirName({
      ...message,
      name: 'Re: a,S=5:2,T \u00e4/b',
      flags: undefined,
    });
    expect(odd).toBe('1763368200.12_Re__a_S_5_2_T___b.kms-backup,S=1133:2,');
    expect(
      formatMaildirName({ ...message, name: 'x'.repeat(250), flags: undefined })
        .length,
    ).toBeLessThan(200);
  });

  it('has no negative seconds', () => {
    expect(
      formatMaildirName({
        ...message,
        receivedAt: new Date(-1),
        flags: undefined,
      }),
    ).toMatch(/^0\.12_/);
  });
});

describe('formatMaildirFolder', () => {
  it('makes INBOX the root and joins levels with dots', () => {
    expect(formatMaildirFolder(['INBOX'])).toBe('');
    expect(formatMaildirFolder([''])).toBe('');
    expect(formatMaildirFolder(['INBOX', '&AMQ-rzte'])).toBe(
      '.INBOX.&AMQ-rzte',
    );
    expect(formatMaildirFolder(['Sent Items'])).toBe('.Sent Items');
  });

  it('never makes two levels of a dot in a name', () => {
    expect(formatMaildirFolder(['v1.2', 'x'])).toBe('.v1_2.x');
    expect(formatMaildirFolder(['..'])).toBe('.__');
  });
});
