import { describe, expect, it } from 'vitest';
import { NotFoundError, UsageError } from '../../src/errors.js';
import { messageNameOf } from '../../src/store/mail-names.js';
import {
  isInScope,
  resolveScope,
  type TypedScope,
} from '../../src/store/mail-scope.js';
import { MailIndex } from '../../src/store/mailboxes.js';
import { parseStorePath, type StorePath } from '../../src/store/store-path.js';

const paths = [
  'mail/example.com/alice/INBOX/#msgs/0000000a.eml',
  'mail/example.com/alice/INBOX/&AMQ-rzte/#msgs/00000001.eml',
  'mail/example.com/alice/inbox/#msgs/00000001.eml',
  'mail/example.com/#public/News/#msgs/00000001.eml',
  'mail/example.org/bob/Gesendete Objekte/Deep/#msgs/00000001.eml',
  'mail/#public/All/#msgs/00000001.eml',
].map((path) => parseStorePath(path) as StorePath);
const index = new MailIndex();
for (const path of paths) index.add(path, 10, 1);

const found = (typed: Partial<TypedScope>): string[] => {
  const scope = resolveScope(index, { withSubfolders: true, ...typed });
  return paths.filter((path) => isInScope(scope, path)).map(messageNameOf);
};

describe('a scope as people type it', () => {
  it('takes domain and user in any case, and an address for both', () => {
    expect(found({ user: 'BOB' })).toEqual([
      'example.org/bob/Gesendete Objekte/Deep/00000001',
    ]);
    expect(found({ user: 'Alice@EXAMPLE.com' })).toHaveLength(3);
    expect(found({ domain: 'Example.Org' })).toHaveLength(1);
    expect(found({})).toHaveLength(6);
  });

  it('takes folders decoded, as on the disk, and the exact one before one of another case', () => {
    const ärzte = ['example.com/alice/INBOX/Ärzte/00000001'];
    expect(found({ folder: 'INBOX/ÄRZTE' })).toEqual(ärzte);
    expect(
      found({ folder: 'inbox/&AMQ-rzte'.replace('inbox', 'INBOX') }),
    ).toEqual(ärzte);
    expect(found({ folder: 'INBOX/A\u0308rzte' })).toEqual(ärzte);
    expect(found({ folder: 'inbox' })).toEqual([
      'example.com/alice/inbox/00000001',
    ]);
    expect(found({ folder: 'INBOX', withSubfolders: false })).toEqual([
      'example.com/alice/INBOX/0000000a',
    ]);
    expect(found({ folder: '/INBOX/' })).toHaveLength(2);
  });

  it('takes a folder that only holds folders, when these are wanted too', () => {
    expect(found({ folder: 'Gesendete Objekte' })).toHaveLength(1);
    expect(() =>
      found({ folder: 'Gesendete Objekte', withSubfolders: false }),
    ).toThrow(NotFoundError);
  });

  it('takes public folders by #public', () => {
    expect(found({ user: '#public', domain: 'example.com' })).toEqual([
      'example.com/#public/News/00000001',
    ]);
    const scope = resolveScope(index, {
      user: '#public',
      withSubfolders: true,
    });
    const isPublic = (path: string): boolean =>
      isInScope(scope, parseStorePath(path) as StorePath);
    expect(
      ['mail/', 'mail/example.com/', 'mail/example.com/x.fld'].filter(isPublic),
    ).toEqual([]);
    expect(
      ['mail/#public/', 'mail/example.com/#public/'].filter(isPublic),
    ).toHaveLength(2);
  });

  it('takes messages by the names that search prints, with or without .eml', () => {
    expect(
      found({
        messages: [
          'example.com/alice/INBOX/0000000A.eml',
          '#public/All/00000001',
        ],
      }),
    ).toEqual(['example.com/alice/INBOX/0000000a', '#public/All/00000001']);
  });

  it('is refused with the nearest names, or what there is', () => {
    expect(() => found({ user: 'bobb' })).toThrow(
      'the backup holds no user bobb',
    );
    const error = (typed: Partial<TypedScope>): NotFoundError => {
      try {
        found(typed);
      } catch (caught) {
        if (caught instanceof NotFoundError) return caught;
      }

      throw new Error('nothing was thrown');
    };

    expect(error({ domain: 'exmple.com' }).hints).toEqual([
      'Did you mean example.com?',
    ]);
    expect(error({ user: 'zzzzz', domain: 'example.org' }).hints).toEqual([
      'There is bob.',
    ]);
    expect(error({ folder: 'Ärzte' }).hints).toEqual([
      'Did you mean INBOX/Ärzte?',
    ]);
  });

  it('asks which domain is meant', () => {
    const twins = new MailIndex();
    for (const domain of ['a.example', 'b.example']) {
      twins.add(
        parseStorePath(
          `mail/${domain}/eve/INBOX/#msgs/00000001.eml`,
        ) as StorePath,
        1,
        1,
      );
    }

    expect(() =>
      resolveScope(twins, { user: 'eve', withSubfolders: true }),
    ).toThrow(UsageError);
  });
});
