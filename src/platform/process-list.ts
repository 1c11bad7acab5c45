import psList from 'ps-list';

/** The names of all running processes, as the operating system's process list gives them. */
export async function listProcessNames(): Promise<
  { pid: number; name: string }[]
> {
  const processes = await psList();
  return processes.map(({ pid, name }) => ({ pid, name }));
}
