import { describe, expect, it } from 'vitest';
import { countedMailboxOf } from '../../src/store/mail-names.js';

describe('the mailbox by which messages are counted', () => {
  it.each([
    ['@backup/store/mail/example.com/alice/INBOX/#msgs/', 'example.com/alice'],
    ['@backup/store/mail/example.com/alice/', 'example.com/alice'],
    ['@backup/store/mail/example.com/stray.eml', 'example.com'],
    ['@backup/store/mail/example.com/', 'example.com'],
    ['store/mail/example.com/#public/News/', 'example.com/#public'],
    ['@backup/store/mail/#public/News/#msgs/', '#public/News'],
    ['@backup/store/mail/stray.eml', undefined],
    ['@backup/store/lists/a', undefined],
    ['mailserver.cfg', undefined],
  ])('of %s is %s', (name, mailbox) => {
    expect(countedMailboxOf(name)).toBe(mailbox);
  });
});
