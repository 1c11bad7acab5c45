import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  adaptPaths,
  type FittedPlaces,
} from '../../src/recover/adapt-paths.js';
import { parseConfigDocument } from '../../src/server/config/document.js';
import { decodeConfigText } from '../../src/server/config/text.js';
import { table } from '../helpers/mailserver-config.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

let dir = '';
let places: FittedPlaces;

beforeEach(() => {
  dir = temporaryDirectory('adapt');
  places = {
    storeDir: join(dir, 'new/store'),
    cfgDir: join(dir, 'new'),
    archivesDir: join(dir, 'archives'),
    isCopy: false,
  };
  mkdirSync(places.archivesDir);
});
afterEach(() => {
  removeTemporary(dir);
});

/** Each path after adapting: `{ StoreDir: '/…' }` of those that change. */
function adapted(
  paths: Readonly<Record<string, string>>,
  to: FittedPlaces = places,
): Record<string, string> {
  const { RelativePathsRoot, ...directories } = paths;
  const lines = [
    '<config>',
    ...table('Directories', Object.entries(directories)),
    ...(RelativePathsRoot === undefined
      ? []
      : table('LogGlobal', [['RelativePathsRoot', RelativePathsRoot]])),
    '</config>',
  ];
  const document = parseConfigDocument(
    decodeConfigText('mailserver.cfg', Buffer.from(lines.join('\r\n'))),
  );

  return Object.fromEntries(
    adaptPaths(document, to).map(({ name, to: value }) => [name, value]),
  );
}

/** All paths of a server whose store was in one place, and everything in it. */
const allIn = (store: string): Record<string, string> => ({
  StoreDir: `${store}/`,
  ArchiveDir: `${store}/archive/`,
  BackupDir: `${store}/backup`,
  RelativePathsRoot: `${store}/logs`,
});

describe.skipIf(process.platform === 'win32')(
  'the paths of a recovered mailserver.cfg',
  () => {
    it('go with the store where they lay in it', () => {
      expect(adapted(allIn('/nonexistent/data/store'))).toEqual(
        allIn(places.storeDir),
      );
    });

    it('stay where the store does, also through a link, and with or without a final slash', () => {
      mkdirSync(places.storeDir, { recursive: true });
      symlinkSync(places.storeDir, join(dir, 'link'));

      for (const store of [places.storeDir, join(dir, 'link')]) {
        expect(adapted(allIn(store))).toEqual({});
        expect(adapted({ StoreDir: store })).toEqual({});
      }
    });

    it('stay where the store does, also before that is made', () => {
      expect(adapted(allIn(places.storeDir))).toEqual({});
    });

    it('stay where they lie elsewhere and are here', () => {
      for (const name of ['archive', 'backup', 'logs']) {
        mkdirSync(join(dir, name));
      }

      const elsewhere = {
        ArchiveDir: join(dir, 'archive'),
        BackupDir: join(dir, 'backup'),
        RelativePathsRoot: join(dir, 'logs'),
      };

      expect(
        adapted({ StoreDir: '/nonexistent/store/', ...elsewhere }),
      ).toEqual({
        StoreDir: `${places.storeDir}/`,
      });
    });

    it('lead below the store, and to the archives, where they lay elsewhere and are not here', () => {
      expect(
        adapted({
          StoreDir: '/nonexistent/store/',
          ArchiveDir: '/nonexistent/archive/',
          BackupDir: '/nonexistent/backup/',
          RelativePathsRoot: '/nonexistent/logs',
        }),
      ).toEqual({
        StoreDir: `${places.storeDir}/`,
        ArchiveDir: `${places.storeDir}/archive/`,
        BackupDir: `${places.archivesDir}/`,
        RelativePathsRoot: `${places.storeDir}/logs`,
      });
    });

    it('are mended also where the store itself fits', () => {
      expect(
        adapted({
          StoreDir: places.storeDir,
          ArchiveDir: '/nonexistent/archive',
          BackupDir: '/nonexistent/backup',
        }),
      ).toEqual({
        ArchiveDir: `${places.storeDir}/archive`,
        BackupDir: places.archivesDir,
      });
    });

    it('come over from Windows', () => {
      const kerio = 'C:\\Program Files\\Kerio\\MailServer';

      expect(
        adapted({
          StoreDir: `${kerio}\\store\\`,
          ArchiveDir: `${kerio}\\Store\\mail archive\\2026\\`,
          BackupDir: '\\\\nas\\backup',
          RelativePathsRoot: 'D:\\logs',
        }),
      ).toEqual({
        StoreDir: `${places.storeDir}/`,
        ArchiveDir: `${places.storeDir}/mail archive/2026/`,
        BackupDir: places.archivesDir,
        RelativePathsRoot: `${places.storeDir}/logs`,
      });
    });

    it('follow the install directory where they are relative, and stay absent where they are', () => {
      const relative = {
        StoreDir: 'store/',
        ArchiveDir: 'store/archive',
        BackupDir: 'backup',
        RelativePathsRoot: '',
      };

      expect(adapted(relative)).toEqual({});
      expect(
        adapted(relative, { ...places, storeDir: join(dir, 'other') }),
      ).toEqual({
        StoreDir: `${dir}/other/`,
        ArchiveDir: `${dir}/other/archive`,
      });
      expect(adapted({ ArchiveDir: '' })).toEqual({});
      expect(
        adapted({ BackupDir: '' }, { ...places, storeDir: join(dir, 'other') }),
      ).toEqual({ StoreDir: `${dir}/other/` });
    });

    it('of a copy share nothing with the server here', () => {
      for (const name of ['store', 'archive', 'logs']) {
        mkdirSync(join(dir, name));
      }

      const copy = { ...places, isCopy: true };

      expect(
        adapted(
          {
            StoreDir: join(dir, 'store'),
            ArchiveDir: join(dir, 'archive'),
            BackupDir: places.archivesDir,
            RelativePathsRoot: '../logs',
          },
          copy,
        ),
      ).toEqual({
        StoreDir: `${places.storeDir}/`,
        ArchiveDir: `${places.storeDir}/archive`,
        BackupDir: `${places.storeDir}/backup`,
        RelativePathsRoot: `${places.storeDir}/logs`,
      });
      expect(adapted(allIn(places.storeDir), copy)).toEqual({});
      expect(
        adapted({ StoreDir: 'store', RelativePathsRoot: 'store/logs' }, copy),
      ).toEqual({});
    });
  },
);
