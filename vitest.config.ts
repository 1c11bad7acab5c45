import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const src = fileURLToPath(new URL('./src/', import.meta.url));
const dist = fileURLToPath(new URL('./dist/', import.meta.url));

/** Tests run what is shipped: an import of src/x.js is answered with the compiled dist/x.js, workers included. */
const testTheBuild = {
  name: 'test-the-build',
  enforce: 'pre' as const,
  async resolveId(
    source: string,
    importer: string | undefined,
  ): Promise<string | null> {
    if (!importer || !source.startsWith('.') || !source.endsWith('.js'))
      return null;
    const target = fileURLToPath(new URL(source, `file://${importer}`));
    return Promise.resolve(
      target.startsWith(src) ? dist + target.slice(src.length) : null,
    );
  },
};

const ALL_TESTS = ['test/**/*.test.ts'];

/**
 * The tests that kill programs, make system calls fail, need services, a browser, other file systems or Windows' ways, attack with
 * hundreds of archives, or call every command and every example. The fast set is all others: three minutes of two idle cores.
 */
const SLOW_TESTS = [
  'test/archive/{bucket-faults,flat-memory,hostile,hostile-salvage,memory-bombs}.test.ts',
  'test/backup/{base-memory,reuse}.test.ts',
  'test/derived/completion-driven.test.ts',
  'test/e2e/{bucket-kills,errno-sweep,faults,sealed-kills,large-stores,recover-crashes,set-crash}.test.ts',
  'test/archive/bucket-days.test.ts',
  'test/e2e/{any-store,drill-kills,recipes,recover-cost,recover-fits}.test.ts',
  'test/e2e/{recover-places,recover-refused,recover-selective}.test.ts',
  'test/e2e/{recover-additive-undo,recover-space,rollback-cost}.test.ts',
  'test/e2e/{salvage-bad-sectors,signals}.test.ts',
  'test/e2e/{commands,examples,interrupted-reporting}.test.ts',
  'test/e2e/{recover-together,restic-policy,scheduler-entries,sequences}.test.ts',
  'test/object-store/faults.test.ts',
  'test/e2e/{imap,restart-kills,restart-server,restart-service,running-server}.test.ts',
  'test/page/status-page.test.ts',
  'test/e2e/{decomposed-names,file-system-limits,interoperability}.test.ts',
  'test/history/nights.test.ts',
  'test/platform/{lock-steps,remove-tree}.test.ts',
  'test/report/postfix.test.ts',
];

/**
 * The tests that the newest supported Node runs: what depends on Node itself (files, times, removal, zlib, threads, streams, dates) and is
 * done within a minute.
 */
const NODE_TESTS = [
  'test/{export,mail}/**/*.test.ts',
  'test/backup/**/!(accept|base-memory|estimate|exclude|reuse).test.ts',
  'test/recover/**/!(damage|salvage-damage).test.ts',
  'test/archive/!(bucket-backup|bucket-days|bucket-faults|bucket-index|bucket-sealed|flat-memory|hostile|hostile-salvage|memory-bombs|sealed-directory).test.ts',
  'test/archive/zip/*.test.ts',
  'test/server/**/!(file).test.ts',
  'test/platform/{file-times,nearest,remove-tree}.test.ts',
  'test/e2e/{odd-times,threads}.test.ts',
];

/**
 * Of these, what each Node but the newest runs: the whole suite is run on one of the oldest series, these on the newest, and what a
 * Node between lacks or reads otherwise shows in files, zlib and dates.
 */
const OLDER_NODE_TESTS = [
  'test/archive/{read,write,zip}/*.test.ts',
  'test/archive/{comparison,corpus,names,storage,summary,sweep}.test.ts',
  'test/{export,mail}/**/*.test.ts',
  'test/recover/plan-additive.test.ts',
  'test/platform/{file-times,nearest,remove-tree}.test.ts',
  'test/e2e/odd-times.test.ts',
];

const SETS: Readonly<Record<string, string[]>> = {
  node: NODE_TESTS,
  'older-node': OLDER_NODE_TESTS,
  slow: SLOW_TESTS,
};

/** Whose tests share the modules that they read. */
const SHARING_SETS = ['fast', 'node', 'older-node'];

/** Which tests `scripts/test.mjs` asks for; all where vitest is called by itself. */
const set = process.env['KMS_TEST_SET'];

export default defineConfig({
  plugins: [testTheBuild],
  test: {
    include: SETS[set ?? ''] ?? ALL_TESTS,
    exclude: set === 'fast' ? SLOW_TESTS : [],
    // Only a test that hangs takes so long: what a machine does beside must not fail one.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    maxWorkers: 2,
    // Modules are read once for many short tests. The long ones, which files named on the command line and the set of all hold too,
    // measure memory and count what a program of their own does.
    isolate: !SHARING_SETS.includes(set ?? ''),
    coverage: { include: ['dist/**'] },
  },
});
