/** The memory of large buffers that nobody holds any more. */

/**
 * Gives it back now. V8 does so by itself only when there is more than 64 MiB of it, because it looks at the heap, and a
 * buffer's bytes are outside. Takes some ten milliseconds; does nothing in a Node that was built without its inspector.
 */
export async function collectGarbage(): Promise<void> {
  const inspector = await import('node:inspector').catch(() => undefined);
  if (!inspector) return;

  const session = new inspector.Session();
  session.connect();

  await new Promise<void>((resolve) => {
    session.post('HeapProfiler.collectGarbage', () => {
      resolve();
    });
  });

  session.disconnect();
}
