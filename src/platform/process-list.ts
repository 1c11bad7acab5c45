/** Returns the names of all running processes, from the operating system's process list. */
export async function listProcessNames(): Promise<
  { pid: number; name: string }[]
> {
  const { default: psList } = await import('ps-list');
  const processes = await psList();

  return processes.map(({ pid, name }) => ({ pid, name }));
}
