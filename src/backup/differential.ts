import type { BackupContent, ListedStore } from './content.js';
import { planWhole } from './content.js';
import type { BackupRequest } from './request.js';

export function planDifferential(_request: BackupRequest, listed: ListedStore): Promise<BackupContent> {
  return Promise.resolve(planWhole('full', listed, []));
}
