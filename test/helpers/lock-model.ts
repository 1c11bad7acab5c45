import type { Claim, LockDisk } from '../../src/platform/lock/lock-disk.js';
import type { Holder } from '../../src/platform/lock/holder.js';

/** A disk that is held in memory: each path is a directory, or a file that names a holder. */
export class ModelDisk implements LockDisk {
  readonly tree = new Map<string, Holder | 'directory' | 'nameless'>();

  constructor(
    private readonly features: { hasLinks: boolean; isFull?: boolean },
  ) {}

  look(place: string): Claim {
    const found = this.tree.get(place);
    if (found === undefined) return { state: 'free' };
    if (found === 'nameless') {
      return { state: 'unknown', fact: 'is empty', isFile: true, isJunk: true };
    }

    if (found !== 'directory') {
      return { state: 'held', holder: found, isFile: true };
    }

    const holder = this.tree.get(`${place}/holder.json`);
    if (holder === undefined) return { state: 'free' };
    if (typeof holder === 'string') throw new Error('a model of no lock');
    return { state: 'held', holder, isFile: false };
  }

  prepareFile(path: string, holder: Holder): void {
    if (this.features.isFull === true) {
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    }

    this.tree.set(path, holder);
  }

  prepareDirectory(path: string, holder: Holder): void {
    if (this.features.isFull === true) {
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    }

    this.tree.set(path, 'directory').set(`${path}/holder.json`, holder);
  }

  link(prepared: string, place: string): 'won' | 'taken' | 'no links here' {
    if (!this.features.hasLinks) return 'no links here';
    if (this.tree.has(place)) return 'taken';
    const file = this.tree.get(prepared);
    if (file === undefined) throw new Error('nothing was prepared');
    this.tree.set(place, file);
    return 'won';
  }

  claim(prepared: string, place: string): boolean {
    if (this.below(place).length > 0 || !this.hasParent(place)) return false;
    const found = this.tree.get(place);
    if (found !== undefined && found !== 'directory') return false;
    return this.moveAway(prepared, place);
  }

  claimNamelessly(place: string): boolean {
    if (this.tree.has(place) || !this.hasParent(place)) return false;
    this.tree.set(place, 'nameless');
    return true;
  }

  moveAway(place: string, path: string): boolean {
    const moved = this.tree.get(place);
    if (moved === undefined) return false;
    const below = this.below(place).map(
      (own) => [own, this.tree.get(own)] as const,
    );
    this.remove(place);
    this.tree.set(path, moved);
    for (const [own, node] of below) {
      if (node !== undefined) {
        this.tree.set(path + own.slice(place.length), node);
      }
    }

    return true;
  }

  removeFile(place: string): void {
    if (this.tree.get(place) !== 'directory') this.tree.delete(place);
  }

  remove(path: string): void {
    for (const own of this.below(path)) this.tree.delete(own);
    this.tree.delete(path);
  }

  /** Equal for equal disks. */
  get state(): string {
    return JSON.stringify(
      [...this.tree]
        .map(([path, node]) => [
          path,
          typeof node === 'string' ? node : node.id,
        ])
        .sort(),
    );
  }

  private below(path: string): string[] {
    return [...this.tree.keys()].filter((own) => own.startsWith(`${path}/`));
  }

  private hasParent(place: string): boolean {
    const parent = place.slice(0, place.lastIndexOf('/'));
    return parent === '/disk' || this.tree.get(parent) === 'directory';
  }
}
