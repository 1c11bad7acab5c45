// Stands in for @oclif/core/lib/module-loader.js inside the bundle: modules come from a table, not from the disk.
const modules = globalThis.kmsBackupModules;

const find = (path) => {
  const parts = String(path)
    .replaceAll('\\', '/')
    .replace(/\.js$/, '')
    .split('/dist/');
  const open = modules[parts.at(-1)];
  if (!open) {
    throw Object.assign(new Error(`not in this executable: ${path}`), {
      code: 'MODULE_NOT_FOUND',
    });
  }

  return open();
};

exports.load = async (_config, path) => find(path);
exports.loadWithData = async (_config, path) => ({
  filePath: path,
  isESM: true,
  module: await find(path),
});
exports.loadWithDataFromManifest = async (cached, root) => {
  const filePath = [root, ...cached.relativePath].join('/');
  return { filePath, isESM: true, module: await find(filePath) };
};

exports.isPathModule = () => true;
