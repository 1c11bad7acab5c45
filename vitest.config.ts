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

/**
 * The tests that each supported Node runs (`npm test -- --fast`): what depends on Node itself (files, times, removal, zlib, threads,
 * streams, dates) and is done within a minute. Not the ones that kill, that need services, Windows or executables.
 */
const FAST_TESTS = [
  'test/{backup,export,helpers,mail,recover,rotate}/**/*.test.ts',
  'test/archive/!(hostile|memory-bombs).test.ts',
  'test/server/!(config-file).test.ts',
  'test/platform/{file-times,nearest,remove-tree}.test.ts',
  'test/e2e/{decomposed-names,odd-times,threads}.test.ts',
];

export default defineConfig({
  plugins: [testTheBuild],
  test: {
    include:
      process.env['KMS_TEST_FAST'] === undefined
        ? ['test/**/*.test.ts']
        : FAST_TESTS,
    // Only a test that hangs takes so long: what a machine does beside must not fail one.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    maxWorkers: 2,
    coverage: { include: ['dist/**'] },
  },
});
