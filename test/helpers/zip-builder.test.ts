import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildInstallation, randomStore } from './installation.js';
import { writeKerioArchive } from './kerio-archive.js';
import { compareTrees, removeTemporary, temporaryDirectory } from './store.js';
import { hasTool, runTool } from './tools.js';
import {
  buildZip,
  deflatedZeros,
  overlappingBomb,
  quotingBomb,
  type EntrySpec,
} from './zip-builder.js';

const plain: EntrySpec[] = [
  { name: 'a.txt', content: 'hello' },
  { name: 'dir/', content: '' },
  { name: 'dir/b.bin', content: Buffer.alloc(5000, 7), method: 0 },
];

describe.skipIf(!hasTool('python3'))('the zip generator', () => {
  let dir = '';
  beforeAll(() => {
    dir = temporaryDirectory('zip-builder');
  });
  afterAll(() => {
    removeTemporary(dir);
  });

  const pythonVerdict = (bytes: Buffer): string => {
    const path = join(dir, 'x.zip');
    writeFileSync(path, bytes);
    const script =
      'import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nprint(z.testzip(), [i.filename for i in z.infolist()])';
    const { stdout, stderr } = runTool('python3', ['-c', script, path]);
    return stdout.trim() === ''
      ? (stderr.trim().split('\n').at(-1) ?? '')
      : stdout.trim();
  };

  const clean = "None ['a.txt', 'dir/', 'dir/b.bin']";

  it('writes files that an independent reader accepts, in every honest form', () => {
    expect(pythonVerdict(buildZip(plain))).toBe(clean);
    expect(
      pythonVerdict(
        buildZip(
          plain.map((entry) => ({ ...entry, zip64: true })),
          { zip64End: true },
        ),
      ),
    ).toBe(clean);
    for (const descriptor of ['signature', 'bare', 'zip64'] as const) {
      expect(
        pythonVerdict(
          buildZip(plain.map((entry) => ({ ...entry, descriptor }))),
        ),
      ).toBe(clean);
    }

    expect(
      pythonVerdict(
        buildZip(plain, {
          prefix: Buffer.from('#!/bin/sh\n'),
          comment: 'note',
        }),
      ),
    ).toBe(clean);
    expect(
      pythonVerdict(
        buildZip(plain, {
          prefix: Buffer.from('stub'),
          offsetsIgnorePrefix: true,
        }),
      ),
    ).toBe(clean);
  });

  it('lies where it is told to, and only there', () => {
    expect(
      pythonVerdict(buildZip([{ name: 'a', content: 'hello', crc: 1 }])),
    ).toContain('a');
    expect(
      pythonVerdict(buildZip(plain, { end: { centralSize: 1 } })),
    ).toContain('BadZipFile');
    const renamed = buildZip([
      { name: 'a', content: 'x', local: { name: 'b' } },
    ]);
    expect(pythonVerdict(renamed)).toBe("a ['a']");
  });

  it('packs bombs whose claims are true', () => {
    const zeros = deflatedZeros(3);
    expect(pythonVerdict(buildZip([{ name: 'z', ...zeros }]))).toBe(
      "None ['z']",
    );
    expect(buildZip(overlappingBomb(20, 1)).length).toBeLessThan(5000);
    // Python 3.12 refuses overlaps; earlier ones inflate the quoting bomb without complaint, CRCs included.
    expect(pythonVerdict(quotingBomb(4, 1))).toMatch(
      /None \['0', '1', '2', '3'\]|Overlapped/,
    );
  });

  it("writes the mail server's own layout: order, flags, FAT, local times, no extra fields", () => {
    const serverDir = join(dir, 'server');
    const installation = buildInstallation(serverDir, {
      store: randomStore(1, { files: 30, maxBytes: 500 }),
      beside: { sslcert: { 'server.crt': 'cert' }, license: {} },
    });
    const startedAt = new Date(Date.UTC(2006, 0, 18, 22, 0, 7));
    mkdirSync(join(dir, 'out'));
    const [first = ''] = writeKerioArchive(join(dir, 'out'), installation, {
      letter: 'F',
      startedAt,
    });
    expect(first.endsWith('F20060118T220007Z.zip')).toBe(true);
    const script =
      'import sys,zipfile\nfor i in zipfile.ZipFile(sys.argv[1]).infolist(): print(i.filename, i.flag_bits, i.create_system, len(i.extra), i.compress_type)';
    const lines = runTool('python3', ['-c', script, first], {
      env: { PYTHONIOENCODING: 'utf8' },
    })
      .stdout.trim()
      .split('\n');
    expect(lines[0]).toBe('.version.txt 2 0 0 8');
    expect(lines.slice(1, 4)).toEqual([
      'mailserver.cfg 2 0 0 8',
      'users.cfg 2 0 0 8',
      '@backup/sslcert/server.crt 2 0 0 8',
    ]);
    expect(lines.at(-1)).toBe('.summary.txt 2 0 0 8');
    const pieces = writeKerioArchive(join(dir, 'out'), installation, {
      letter: 'D',
      startedAt,
      volumeSizeBytes: 9000,
    });
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces[1]).toContain('D20060118T220007Z.1.zip');
    for (const piece of pieces) {
      expect(readFileSync(piece).length).toBeLessThanOrEqual(9000);
    }
  });

  it('builds the same store from the same seed, and tells two stores apart', () => {
    const make = (name: string, seed: number): string => {
      const serverDir = join(dir, name);
      return buildInstallation(serverDir, {
        store: randomStore(seed, { files: 40, maxBytes: 900 }),
      }).storeDir;
    };

    const one = make('one', 7);
    expect(compareTrees(one, make('two', 7))).toEqual([]);
    expect(compareTrees(one, make('three', 8)).length).toBeGreaterThan(5);
  });
});
