import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  readSelections,
  selectAll,
} from '../../src/archive/read/read-archive.js';
import { checkStructure } from '../../src/archive/check-structure.js';
import { readArchive, verifyArchive } from '../../src/archive/verify.js';
import { KmsError } from '../../src/errors.js';
import { PythonUnzip } from '../helpers/python-unzip.js';
import {
  compareTrees,
  listTree,
  removeTemporary,
  temporaryDirectory,
} from '../helpers/store.js';
import { archiveFilesAt } from '../helpers/storages.js';
import { hasTool } from '../helpers/tools.js';

/** Odd and broken zip files of other projects, with the verdict that a safe reader must reach. */
interface Specimen {
  readonly file: string;
  readonly verdict: 'accept' | 'reject' | 'reject-entry' | 'contain' | 'either';
  readonly what: string;
}

const CORPUS = fileURLToPath(
  new URL('../../../shared/corpus/', import.meta.url),
);
const hasPython = hasTool('python3');
const isThere = existsSync(join(CORPUS, 'index.json'));
const specimens = isThere
  ? (JSON.parse(readFileSync(join(CORPUS, 'index.json'), 'utf8')) as Specimen[])
  : [];

/** Verdicts that we overrule, each with its reason; the value is what we do. */
const OVERRULED: Readonly<
  Record<string, { does: 'accepts' | 'refuses'; because: string }>
> = {
  'libzip/test-cp437.zip': {
    does: 'refuses',
    because:
      'control characters and backslashes in names are refused everywhere',
  },
  'libzip/test-cp437-comment-utf-8.zip': {
    does: 'refuses',
    because: 'the same names',
  },
  'go-archive-zip/dupdir.zip': {
    does: 'refuses',
    because: 'a/b is a file and the parent of a/b/c: no disk can hold both',
  },
};

describe.skipIf(!isThere)(
  'the corpus of odd zip files (skipped where ../shared/corpus is absent)',
  () => {
    let dir = '';
    let python: PythonUnzip | undefined;
    let compared = 0;
    beforeAll(() => {
      dir = temporaryDirectory('corpus');
      python = hasPython ? new PythonUnzip() : undefined;
    });
    afterAll(async () => {
      await python?.close();
      removeTemporary(dir);
    });

    it('is complete', () => {
      expect(specimens.length).toBeGreaterThan(150);
    });

    for (const specimen of specimens) {
      it(`${specimen.verdict}: ${specimen.file} (${specimen.what})`, async () => {
        const place = join(dir, specimen.file.replaceAll('/', '_'));
        const target = join(place, 'inner', 'target');
        mkdirSync(target, { recursive: true });
        const path = join(place, basename(specimen.file));
        copyFileSync(join(CORPUS, specimen.file), path);
        const { isSound } = await verifyArchive(await archiveFilesAt(path), {});
        const isExtracted = await extractAll(path, target);
        expect(isExtracted).toBe(isSound);
        expect(
          listTree(place).filter(
            (name) => !name.startsWith('inner/target/') && name !== 'inner/',
          ),
        ).toEqual([basename(specimen.file)]);
        expect(isSound ? 'accepts' : 'refuses').toMatch(expectedOf(specimen));
        if (isSound && python) {
          compared += await expectWhatPythonReads(python, path, target);
        }
      });
    }

    it.runIf(hasPython)('is read by Python too, as far as it can', () => {
      expect(compared).toBeGreaterThan(30);
    });
  },
);

function expectedOf({ file, verdict }: Specimen): RegExp {
  const overruled = OVERRULED[file];
  if (overruled) return new RegExp(overruled.does);
  if (verdict === 'either') return /./;
  return verdict === 'accept' ? /accepts/ : /refuses/;
}

/** Extracts as a recover does, every entry below `target`; false where something was refused. */
async function extractAll(path: string, target: string): Promise<boolean> {
  try {
    const { archive, facts } = await readArchive(await archiveFilesAt(path));
    checkStructure(archive, facts);
    const selections = archive.volumes.map(({ file, table }) =>
      selectAll(file, table),
    );
    const { problems } = await readSelections(selections, {
      rules: [{ prefix: '', isTree: true, target: `${target}/` }],
      phase: 'test',
    });
    return problems.length === 0;
  } catch (error) {
    if (error instanceof KmsError) return false;
    throw error;
  }
}

/** Returns how many archives were compared: one, or none. */
async function expectWhatPythonReads(
  python: PythonUnzip,
  path: string,
  target: string,
): Promise<number> {
  const pythonTarget = join(dirname(path), 'python');
  mkdirSync(pythonTarget);
  // Where Python refuses or reads names in another code page, there is nothing to compare with.
  if (!(await python.extract(path, pythonTarget))) return 0;

  const options = { modes: false, mtimeToleranceNs: undefined };
  const differences = compareTrees(pythonTarget, target, options);
  expect(differences.filter((line) => line.startsWith('content:'))).toEqual([]);
  expect(differences.filter((line) => /^[\x00-\x7f]*$/.test(line))).toEqual([]);

  return 1;
}
