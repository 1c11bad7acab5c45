import type { ArchiveWriter } from './archive-writer.js';
import type { ReadBackTask } from './pack-tasks.js';

const READ_BACK_BYTES = 8 << 20;

/** What was written, in stretches of about 8 MiB that each are one worker's task. */
export function* planReadBack(writer: ArchiveWriter): Generator<ReadBackTask> {
  for (const { path, blocks } of writer.volumes) {
    let group: ReadBackTask['blocks'][number][] = [];
    let bytes = 0;
    for (const block of blocks) {
      group.push(block);
      bytes += block.lengthBytes;
      if (bytes < READ_BACK_BYTES) continue;
      yield { kind: 'read-back', path, blocks: group };
      [group, bytes] = [[], 0];
    }
    if (group.length > 0) yield { kind: 'read-back', path, blocks: group };
  }
}
