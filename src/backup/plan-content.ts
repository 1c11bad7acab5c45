import { type BackupContent, listStore, planWhole } from './content.js';
import type { BackupRequest } from './request.js';

/** Plans what the request asks for. @throws {NotFoundError} when nothing that was asked for exists */
export async function planContent(
  request: BackupRequest,
): Promise<BackupContent> {
  if (request.type !== 'differential') {
    return planWhole(request.type, listStore(request), []);
  }

  const { planDifferential } = await import('./differential.js');
  return planDifferential(request);
}
