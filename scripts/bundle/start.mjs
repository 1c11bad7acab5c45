// The start of the single executable: oclif with a manifest and commands that are inside.
import { Config, Plugin } from '@oclif/core';
import { dirname } from 'node:path';
import { main } from '../../dist/ui/main.js';

class BundledPlugin extends Plugin {
  constructor(options, manifest) {
    super(options);
    this.bundledManifest = manifest;
  }
  async _manifest() {
    this.commandIDs = Object.keys(this.bundledManifest.commands);
    this.hasManifest = true;
    return this.bundledManifest;
  }
}

export async function start({ argv, pjson, manifest }) {
  const root = dirname(process.execPath);
  const plugin = new BundledPlugin({ root, pjson, isRoot: true, name: pjson.name }, manifest);
  await plugin.load();
  const config = new Config({ root, pjson, plugins: new Map([[plugin.name, plugin]]) });
  await config.load();
  await main(argv, process.argv0, config);
}
