/** Making the functions of a WebAssembly module that is held as text. It imports nothing, and its memory never grows. */

/** The part of WebAssembly that is used; a Node with `--jitless` has none of it. */
interface WebAssemblyGlobal {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

export interface ModuleExports {
  readonly memory: { readonly buffer: ArrayBuffer };
}

/** @throws {Error} where there is no WebAssembly, or not all of it */
export function makeModule(text: string): ModuleExports {
  const { WebAssembly } = globalThis as unknown as {
    readonly WebAssembly: WebAssemblyGlobal;
  };
  const module = new WebAssembly.Module(Buffer.from(text, 'base64'));

  return new WebAssembly.Instance(module).exports as ModuleExports;
}
