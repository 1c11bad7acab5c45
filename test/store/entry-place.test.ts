import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DELETED_ENTRY,
  SUMMARY_ENTRY,
  VERSION_ENTRY,
} from '../../src/archive/summary.js';
import {
  COMPONENTS,
  type Component,
  storeComponentOf,
} from '../../src/store/components.js';
import {
  entryNameOf,
  isTopDirectory,
  MAIL_ENTRY,
  pathInMail,
  placeOf,
  sharedPlaceOf,
  writtenDirectory,
} from '../../src/store/entry-place.js';

describe('the place of an entry', () => {
  it.each([VERSION_ENTRY, SUMMARY_ENTRY, DELETED_ENTRY])(
    'is none for our own text %s',
    (name) => {
      expect(placeOf(name)).toBeUndefined();
    },
  );

  it.each(['readme.txt', 'store', '@backup/readme', '@backup/.kms-backup-x/y'])(
    'is none for %s, which is nothing of a mail server',
    (name) => {
      expect(placeOf(name)).toBeUndefined();
    },
  );

  it('is the component, the area and the path below it', () => {
    const place = (
      component: Component,
      area: 'store' | 'install',
      path: string,
    ) => ({ component, area, path });

    expect(placeOf('mailserver.cfg')).toEqual(
      place('cfg', 'install', 'mailserver.cfg'),
    );
    expect(placeOf('@backup/sslca/ca.crt')).toEqual(
      place('sslca', 'install', 'sslca/ca.crt'),
    );
    expect(placeOf('@backup/store/mail/x/')).toEqual(
      place('mail', 'store', 'mail/x/'),
    );
    expect(placeOf('store/lists/a')).toEqual(
      place('lists', 'store', 'lists/a'),
    );
    expect(placeOf('@backup/store/sslca/a')).toEqual(
      place('other', 'store', 'sslca/a'),
    );
  });

  it('is found again for the name that a backup gives to a file of the store', () => {
    const step = fc.stringMatching(/^[\w#&.-]{1,12}$/);
    const path = fc
      .array(step, { minLength: 1, maxLength: 5 })
      .map((steps) => steps.join('/'))
      .filter((text) => !text.startsWith('.kms-backup'));

    fc.assert(
      fc.property(path, (text) => {
        const component = storeComponentOf(text.split('/', 1)[0] ?? '');

        expect(placeOf(entryNameOf('store', text))).toEqual({
          component,
          area: 'store',
          path: text,
        });
        expect(COMPONENTS).toContain(component);
      }),
    );
  });

  it('is shared by the files of a directory that is no top-level name', () => {
    expect(sharedPlaceOf('')).toBeUndefined();
    expect(sharedPlaceOf('@backup/store/')).toBeUndefined();
    expect(sharedPlaceOf('@backup/store/lists/')?.component).toBe('lists');
  });
});

describe('mail', () => {
  it('lies below mail/ of the store, however an archive calls it', () => {
    for (const prefix of ['@backup/store/', 'store/', '']) {
      expect(pathInMail(`${prefix}mail/example.com/`)).toBe('example.com/');
    }

    expect(pathInMail('@backup/mail/example.com/')).toBeUndefined();
    expect(pathInMail('@backup/store/mail')).toBeUndefined();
    expect(pathInMail(MAIL_ENTRY)).toBe('');
  });

  it('is a component of its own', () => {
    expect(isTopDirectory(MAIL_ENTRY)).toBe(true);
    expect(isTopDirectory('@backup/sslca/')).toBe(true);
    expect(isTopDirectory(`${MAIL_ENTRY}example.com/`)).toBe(false);
    expect(isTopDirectory('')).toBe(false);
  });
});

describe('a directory of an archive, by the name that this program writes', () => {
  it.each([
    ['', ''],
    ['store/mail/example.com/', '@backup/store/mail/example.com/'],
    ['@backup/store/mail/example.com/', '@backup/store/mail/example.com/'],
    ['@backup/store/', '@backup/store/'],
    ['@backup/sslcert/', '@backup/sslcert/'],
    ['@backup/elsewhere/', undefined],
    ['elsewhere/', undefined],
  ])('%s', (directory, written) => {
    expect(writtenDirectory(directory)).toBe(written);
  });
});
