/** The functions of the WebAssembly module. */
import { prepareBlocks } from './block';
import { OUTPUT } from './layout';

export { deflate, place } from './deflate';

/** Fills the tables that never change; called once, before anything else. */
export function prepare(): void {
  prepareBlocks();
}

/** The address of the output. */
export function outputPlace(): u32 {
  return OUTPUT;
}
