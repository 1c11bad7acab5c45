import type { Assignment } from '../config/assignments.js';
import type { AskedSetting } from '../config/asked-settings.js';
import type { Prompts } from './prompts.js';

/** One question a setting; the present value is the answer that Enter gives. */
export async function askSettings(
  prompts: Prompts,
  settings: readonly AskedSetting[],
): Promise<Assignment[]> {
  const assignments: Assignment[] = [];

  for (const setting of settings) {
    assignments.push({
      name: setting.name,
      value: await askOne(prompts, setting),
    });
  }

  return assignments;
}

async function askOne(
  prompts: Prompts,
  { question, present, findFault }: AskedSetting,
): Promise<string> {
  if (typeof present === 'boolean') {
    return String(await prompts.confirm(`${question}?`, present));
  }

  return prompts.text({
    message: `${question}:`,
    initial: String(present),
    validate: (text) => findFault(text) ?? true,
  });
}
