import type { Codec, CodecName } from './codec-types.js';
import { deflate as deflateByEngine, deflateMemory } from './wasm/deflate.js';
import { inflate as inflateByOwn, inputMemory } from './wasm/inflate.js';
import { deflate, deflateBound } from './zlib/deflate.js';
import { inflate, inflatePieces } from './zlib/inflate.js';

/** The codecs of this program: our own engine, and the zlib in Node. Another one is another folder behind the same six functions. */
const CODECS: Readonly<Record<CodecName, Codec>> = {
  own: {
    deflate: deflateByEngine,
    deflateMemory,
    deflateBound,
    inputMemory,
    inflate: inflateByOwn,
    inflatePieces,
  },
  zlib: {
    deflate,
    deflateMemory: () => undefined,
    deflateBound,
    inputMemory: () => undefined,
    inflate,
    inflatePieces,
  },
};

/** The codec where nobody chose one. */
export const codec = CODECS.own;

export function codecNamed(name: CodecName): Codec {
  return CODECS[name];
}

export { engineFault, hasEngine } from './wasm/usable-engine.js';
