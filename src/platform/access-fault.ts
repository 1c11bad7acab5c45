import { accessSync } from 'node:fs';
import { errnoOf, messageOf } from '../errors.js';

/** Why this user cannot use a path so: `permission denied`; undefined where he can. @param mode of `fs.constants` */
export function accessFault(path: string, mode: number): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') return 'does not exist';

    return code === 'EACCES' ? 'permission denied' : messageOf(error);
  }
}
