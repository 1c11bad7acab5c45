// Runs the tests of every supported Node with another one, which npm fetches once:
//   node scripts/test-node.mjs 24.21.0 [--older-node]
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { hostTarget, nodeBinary } from './node-binaries.mjs';

const [version, set = '--node'] = process.argv.slice(2);
const target = hostTarget();
if (version === undefined) throw new Error('which version of Node?');
if (target === undefined) {
  throw new Error(`npm has no Node for ${process.platform}-${process.arch}`);
}

const test = fileURLToPath(new URL('test.mjs', import.meta.url));
const { status, error } = spawnSync(nodeBinary(target, version), [test, set], {
  stdio: 'inherit',
});
if (error) throw error;
process.exitCode = status ?? 1;
