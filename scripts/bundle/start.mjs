// The start of the bundled program: oclif with a manifest and commands that are inside.
import { Config, Plugin, settings } from '@oclif/core';
import { dirname } from 'node:path';
import { main } from '../../dist/ui/main.js';

class BundledPlugin extends Plugin {
  constructor(options, manifest) {
    super(options);
    this.bundledManifest = manifest;
  }

  /** oclif sorts the commands as people of a language do, for which the system's tables are loaded: that takes a tenth of the start. */
  async load() {
    await super.load();
    this.manifest = this.bundledManifest;
    this.commands = Object.entries(this.bundledManifest.commands).map(
      ([id, command]) => ({
        ...command,
        load: async () => this.findCommand(id, { must: true }),
        pluginAlias: this.alias,
        pluginType: this.type,
      }),
    );
  }

  async _manifest() {
    this.commandIDs = Object.keys(this.bundledManifest.commands);
    this.hasManifest = true;
    return { ...this.bundledManifest, commands: {} };
  }
}

/** @param directory a file in the directory that oclif takes for the program's own */
export async function start({ argv, directory, pjson, manifest }) {
  const root = dirname(directory);

  // With NODE_ENV=test or development oclif would look for the TypeScript compiler, and load it.
  settings.enableAutoTranspile = false;

  const plugin = new BundledPlugin(
    { root, pjson, isRoot: true, name: pjson.name },
    manifest,
  );

  await plugin.load();

  const config = new Config({
    root,
    pjson,
    plugins: new Map([[plugin.name, plugin]]),
  });

  await config.load();
  await main(argv, config);
}
