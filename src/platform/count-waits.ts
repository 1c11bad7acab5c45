/**
 * How often threads of this process have waited so far: for a disk, the network, or each other. Losing the processor to another
 * program is no wait. Undefined where the system does not count (Windows).
 */
export function countWaits(): number | undefined {
  const { voluntaryContextSwitches } = process.resourceUsage();

  return voluntaryContextSwitches === 0 ? undefined : voluntaryContextSwitches;
}
