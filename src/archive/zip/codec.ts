import type { Codec, CodecName } from './codec-types.js';
import { deflate as deflateByEngine } from './wasm/deflate.js';
import { inflate as inflateByOwn, inputMemory } from './wasm/inflate.js';
import { deflate, deflateBound } from './zlib/deflate.js';
import { inflate, inflatePieces } from './zlib/inflate.js';

/** The codecs of this program: our own engine, and the zlib in Node. Another one is another folder behind the same five functions. */
const CODECS: Readonly<Record<CodecName, Codec>> = {
  own: {
    deflate: deflateByEngine,
    deflateBound,
    inputMemory,
    inflate: inflateByOwn,
    inflatePieces,
  },
  zlib: {
    deflate,
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
