import type { Codec } from './codec-types.js';
import { deflate, deflateBound } from './zlib/deflate.js';
import { inflate, inflatePieces } from './zlib/inflate.js';

/** The codec that this program uses: the zlib in Node. Another one is another file behind the same four functions. */
export const codec: Codec = { deflate, deflateBound, inflate, inflatePieces };
