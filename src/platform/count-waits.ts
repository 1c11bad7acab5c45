/** What threads of this process have waited for so far, by the system's count. */
export interface WaitCounts {
  /** For a disk, the network, or each other. Losing the processor to another program is no wait. */
  readonly waits: number;
  /** Sectors of 512 bytes that came from disks of this machine, not from its memory. */
  readonly sectors: number;
}

/** Undefined on Windows, which does not count the one, and counts what came from memory with the other. */
export function countWaits(): WaitCounts | undefined {
  if (process.platform === 'win32') return undefined;

  const { voluntaryContextSwitches, fsRead } = process.resourceUsage();

  return { waits: voluntaryContextSwitches, sectors: fsRead };
}
