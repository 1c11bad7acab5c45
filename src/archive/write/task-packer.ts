import { isGone, isStillAt } from '../../platform/look-again.js';
import { codecNamed, engineFault } from '../zip/codec.js';
import type { Codec } from '../zip/codec-types.js';
import { Block, type TellBlock } from './block.js';
import { BlockSlots, LARGE_FILE_BYTES } from './block-slots.js';
import { RecordCopier } from './copy-records.js';
import { packChunk } from './pack-chunk.js';
import type {
  FilesResult,
  FilesTask,
  PackResult,
  PackTask,
  PackWorkerData,
} from './pack-tasks.js';
import { proveRecord } from './prove-record.js';
import { readBack } from './read-back.js';
import { NO_PACE, PaceMeter } from './read-pace.js';
import {
  GONE,
  isGoneFault,
  type ReadFault,
  toReadFault,
} from './read-fault.js';
import type { OpenRule } from '../../store/open-stored.js';
import { readStable, type StableFile } from './stable-read.js';

/** Up to so many names in a task each file is asked where it lies: a directory of few files costs little more by it. */
const FEW_NAMES = 8;

/** Packs the files of tasks into blocks, one task after the other, in a thread of its own or in the main one. */
export class TaskPacker {
  readonly #settings: PackWorkerData;
  readonly #slots: BlockSlots;
  readonly #input = Buffer.allocUnsafeSlow(LARGE_FILE_BYTES + 1);
  readonly #codec: Codec;
  readonly #largestSmallBytes: number;
  readonly #block: Block;
  readonly #meter = new PaceMeter();
  readonly #copier: RecordCopier;

  constructor(settings: PackWorkerData, tell: TellBlock) {
    this.#settings = settings;
    this.#slots = new BlockSlots(settings.memory, settings.control);
    this.#largestSmallBytes =
      Math.min(LARGE_FILE_BYTES, settings.largestEntryBytes) - 1;
    const { engine, level } = settings;
    this.#codec = codecNamed(engine);
    const compression = { codec: this.#codec, level };
    this.#block = new Block(this.#slots, compression, tell);
    this.#copier = new RecordCopier(this.#slots, this.#input, tell);
  }

  /** @throws {Error} when a chunk or a volume cannot be read, or a block cannot be taken */
  run(task: PackTask): PackResult | Promise<PackResult> {
    switch (task.kind) {
      case 'files':
        return this.#packFiles(task);

      case 'chunk':
        return packChunk(task, {
          settings: this.#settings,
          slots: this.#slots,
          input: this.#input,
        });

      case 'read-back':
        return readBack(task);

      case 'copy':
        return this.#copier.copy(task);

      case 'prove':
        return proveRecord(task);
    }
  }

  #packFiles(task: FilesTask): FilesResult {
    const result: OpenResult = {
      kind: 'files',
      vanished: [],
      unreadable: [],
      unsettled: [],
      large: [],
      pace: NO_PACE,
    };

    const rule = {
      followsLinks: task.followsLinks,
      asksPlace: task.names.length <= FEW_NAMES,
    };

    this.#meter.start();
    this.#block.begin(task.prefix, () => findDirectoryFault(task));

    for (const name of task.names) {
      const file = this.#readFile(`${task.directory}/${name}`, rule);

      if (file === 'large') {
        result.large.push(name);
      } else if ('reason' in file) {
        addUnread(result, name, file);
      } else {
        if (!file.isSettled) result.unsettled.push(name);

        this.#block.add(name, file);
      }
    }

    this.#block.flush();

    return {
      ...withoutDropped(result, this.#block.dropped),
      engineFault: engineFault(),
      pace: this.#meter.pace,
    };
  }

  /** A file is read where it is deflated, where that can be. */
  readonly #roomFor = (bytes: number): Buffer =>
    this.#codec.deflateMemory(bytes) ?? this.#input;

  #readFile(path: string, rule: OpenRule): StableFile | 'large' | ReadFault {
    const startedAt = performance.now();
    let bytes = 0;

    try {
      const file = readStable(
        path,
        this.#roomFor,
        this.#largestSmallBytes,
        rule,
      );
      if (file !== 'large') bytes = file.data.length;

      return file;
    } catch (error) {
      return isGone(error) ? GONE : toReadFault(error);
    } finally {
      this.#meter.count(bytes, performance.now() - startedAt);
    }
  }
}

/** The answer to a task, while its files are read. */
interface OpenResult extends FilesResult {
  readonly vanished: string[];
  readonly unreadable: { readonly name: string; readonly fault: ReadFault }[];
  readonly unsettled: string[];
  readonly large: string[];
}

function addUnread(result: OpenResult, name: string, fault: ReadFault): void {
  if (isGoneFault(fault)) result.vanished.push(name);
  else result.unreadable.push({ name, fault });
}

/** Why the files of a task must not be handed over: their directory is not the one that was listed, or cannot be asked. */
function findDirectoryFault({
  directory,
  identity,
}: FilesTask): ReadFault | undefined {
  try {
    return !identity || isStillAt(directory, identity) ? undefined : GONE;
  } catch (error) {
    return toReadFault(error);
  }
}

/** Files that were read while another directory stood in the place of theirs have vanished. */
function withoutDropped(
  result: OpenResult,
  dropped: ReadonlyMap<string, ReadFault>,
): FilesResult {
  for (const [name, fault] of dropped) addUnread(result, name, fault);

  const unsettled = result.unsettled.filter((name) => !dropped.has(name));

  return { ...result, unsettled };
}
