import { describe, expect, test } from 'vitest';
import {
  describeBefore,
  type FoundPlace,
  judgePlace,
  type RememberedPlace,
} from '../../src/jobs/judge-place.js';

const ARCHIVES = ['F20260101T010000Z.zip', 'I20260102T010000Z.zip'];

const KNOWN = {
  directory: '/mnt/backup',
  ids: ['rotated', 'usual'],
  archives: ARCHIVES,
  at: new Date('2026-01-02T01:00:00Z'),
  isApart: true,
  fileSystem: '/dev/sdb1 (ext4) on /mnt/backup',
};

const REMEMBERED: RememberedPlace = {
  place: KNOWN,
  ids: new Set(KNOWN.ids),
  server: 'mail.example.com',
};

const FOUND: FoundPlace = {
  isThere: true,
  marker: undefined,
  archives: [],
  isApart: true,
};

const markerOf = (
  id: string,
  server = 'mail.example.com',
): FoundPlace['marker'] => ({ id, server, fileSystem: undefined });

function faultOf(
  found: Partial<FoundPlace>,
  remembered: Partial<RememberedPlace> = {},
): string | undefined {
  const memory = { ...REMEMBERED, ...remembered };

  return judgePlace({ ...FOUND, ...found }, memory).fault;
}

describe('archives were in a directory, and now it', () => {
  test.each<[string, Partial<FoundPlace>, string]>([
    ['is not there', { isThere: false, isApart: false }, 'is not there'],
    ['is empty', {}, 'has no archives'],
    [
      'holds what an older version wrote before the disk was there',
      { archives: ['F20250101T010000Z.zip'], isApart: false },
      'has other archives',
    ],
    [
      'is the disk of another server',
      {
        marker: markerOf('other', 'mail2.example.com'),
        archives: ['F20250101T010000Z.zip'],
      },
      'is marked as that of mail2.example.com',
    ],
    [
      'is what lies below the mount point, marked in a night without the disk',
      { marker: markerOf('rotated'), isApart: false },
      "lies on the server's own disk now",
    ],
  ])('%s: it is not that directory', (_, found, fault) => {
    expect(faultOf(found)).toBe(fault);
  });

  test.each<[string, Partial<FoundPlace>]>([
    [
      'has its marker, whatever the device is called',
      { marker: markerOf('usual') },
    ],
    [
      'has its marker and was brought to the system disk on purpose',
      { marker: markerOf('usual'), archives: ARCHIVES, isApart: false },
    ],
    ['was emptied by hand but for the marker', { marker: markerOf('usual') }],
    [
      'is the other one of two disks that take turns',
      { marker: markerOf('rotated'), archives: ['F20251201T010000Z.zip'] },
    ],
    [
      'is a new disk with one of the archives and without marker',
      { archives: ['F20260101T010000Z.zip'] },
    ],
    [
      'is the disk that this server marked before its own memory was lost',
      { marker: markerOf('earlier') },
    ],
  ])('%s: it is that directory', (_, found) => {
    expect(faultOf(found)).toBeUndefined();
  });
});

test('a directory that archives never were in may be anything', () => {
  expect(faultOf({ isThere: false }, { place: undefined })).toBeUndefined();
  expect(faultOf({}, { place: { ...KNOWN, archives: [] } })).toBeUndefined();
});

test('that a directory is marked by another server is said, also of one that both use', () => {
  const marker = markerOf('theirs', 'mail2.example.com');
  const first = { ...REMEMBERED, place: undefined };

  expect(judgePlace({ ...FOUND, marker }, first)).toMatchObject({
    fault: undefined,
    warning: expect.stringContaining('mail2.example.com') as string,
  });

  const shared = { ...FOUND, marker, archives: ARCHIVES };
  expect(judgePlace(shared, REMEMBERED).warning).toContain('mail2.example.com');
});

test('a server that was renamed knows its marker, and one that moved to another machine its name', () => {
  const renamed = { ...FOUND, marker: markerOf('usual', 'old.example.com') };
  expect(judgePlace(renamed, REMEMBERED).warning).toBeUndefined();

  const moved = { ...REMEMBERED, place: undefined, ids: new Set<string>() };
  const marker = markerOf('usual');
  expect(judgePlace({ ...FOUND, marker }, moved).warning).toBeUndefined();
});

test('the archives before are told by their number and the night', () => {
  const at = new Date(2026, 0, 2, 1);
  const before = { archives: ARCHIVES, at };

  expect(describeBefore(before, new Date(2026, 0, 3, 1))).toBe(
    '2 archives were here last night',
  );

  expect(describeBefore(before, new Date(2026, 0, 5, 2))).toBe(
    '2 archives were here 3d ago',
  );

  const noon = {
    archives: ['F20260102T110000Z.zip'],
    at: new Date(2026, 0, 2, 12),
  };
  expect(describeBefore(noon, new Date(2026, 0, 2, 15))).toBe(
    '1 archive was here 3h ago',
  );
});
