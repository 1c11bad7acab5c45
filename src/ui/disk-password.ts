import type { DiskLogin } from '../jobs/network-disk.js';

/** Asks for the password of a network disk. @throws {UsageError} where there is no terminal to ask on */
export async function askDiskPassword({
  user,
  share,
  instead,
}: DiskLogin): Promise<string> {
  const { openPrompts } = await import('./prompts.js');

  return openPrompts(instead).password(`Password of ${user} at ${share}:`);
}
