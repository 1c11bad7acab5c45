/** The `[target.NAME]` sections of kms-backup.ini: object stores and directories that archives lie in. */
import { parseDuration, parseSize } from '../platform/units.js';
import type { IniEntry, IniProblem, SectionReader } from './ini-section.js';
import { readRetention, type RetentionSettings } from './retention-section.js';

const TARGET_TYPES = ['s3', 'directory'] as const;
/** A lock that some users may still lift, and one that nobody may. */
const RETENTION_MODES = ['governance', 'compliance'] as const;

/** The settings of a target; an undefined one is not set. It holds no secret. */
export type TargetSettings = BucketSettings | DirectorySettings;

/** What every kind of target has. */
interface KeepingSettings {
  readonly name: string;
  /** What stays there; without a rule what [retention] says. */
  readonly rules: RetentionSettings;
  /** Those whom archives are sealed for. */
  readonly recipients: readonly string[] | undefined;
  /** Absolute: holds the passphrase that archives are sealed with, in place of recipients. */
  readonly passphraseFile: string | undefined;
  /** Absolute: opens sealed archives. */
  readonly identityFile: string | undefined;
  /** False where this machine is to keep no copies of the indexes of what it seals. */
  readonly indexCache: boolean | undefined;
  /** Absolute: holds what this machine keeps of the target, and volumes until they are sent. */
  readonly spool: string | undefined;
}

export interface DirectorySettings extends KeepingSettings {
  readonly type: 'directory';
  /** Absolute. */
  readonly directory: string;
}

export interface BucketSettings extends KeepingSettings {
  readonly type: 's3';
  /** `https://objects.example.com` */
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly bucket: string;
  /** Without slashes at its ends; empty: the whole bucket. */
  readonly prefix: string;
  readonly pathStyle: boolean | undefined;
  readonly profile: string | undefined;
  /** Absolute. */
  readonly credentialsFile: string | undefined;
  /** A command line. */
  readonly credentialProcess: string | undefined;
  /** Absolute. */
  readonly caFile: string | undefined;
  readonly proxy: string | undefined;
  readonly storageClass: string | undefined;
  /** For so long no archive can be removed. */
  readonly retentionMs: number | undefined;
  readonly retentionMode: (typeof RETENTION_MODES)[number] | undefined;
  /** Bytes a second. */
  readonly uploadLimitBytes: number | undefined;
}

const PREFIX = 'target.';
const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;
const BUCKET_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/;

/** The section of the target of a name. */
export function targetSection(name: string): string {
  return PREFIX + name;
}

/** Says whether a target can have this name. */
export function isTargetName(name: string): boolean {
  return NAME_PATTERN.test(name);
}

/** The targets of a file, in its order; what is wrong is added to `problems`. */
export function readTargets(
  entries: readonly IniEntry[],
  section: (name: string) => SectionReader,
  problems: IniProblem[],
): TargetSettings[] {
  const heads = entries.filter(
    ({ section: own, key }) => own.startsWith(PREFIX) && key === undefined,
  );
  const seen = new Set<string>();
  const targets: TargetSettings[] = [];

  for (const { section: own, lineNumber } of heads) {
    if (seen.has(own)) continue;
    seen.add(own);

    const name = own.slice(PREFIX.length);
    const { target, fault } = readTarget(name, section(own), entries);

    if (!isTargetName(name)) {
      const text = `[${own}] must be named by letters, digits, - and _`;
      problems.push({ lineNumber, text });
    } else if (fault !== undefined) {
      problems.push({ lineNumber, text: `[${own}] ${fault}` });
    } else if (target) {
      targets.push(target);
    }
  }

  return targets;
}

/** A target as its section has it; undefined where a value is wrong, which is noted, or with a fault of the section. */
interface ReadTarget {
  readonly target: TargetSettings | undefined;
  readonly fault: string | undefined;
}

function readTarget(
  name: string,
  section: SectionReader,
  entries: readonly IniEntry[],
): ReadTarget {
  const has = (key: string): boolean =>
    entries.some(
      (entry) => entry.section === targetSection(name) && entry.key === key,
    );
  const usual = has('directory') ? 'directory' : 's3';
  const type = section.oneOf('type', TARGET_TYPES) ?? usual;
  const place = type === 's3' ? 'bucket' : type;
  const target =
    type === 's3' ? readBucket(name, section) : readDirectory(name, section);

  return { target, fault: findFault(place, has) };
}

function findFault(
  place: string,
  has: (key: string) => boolean,
): string | undefined {
  if (!has(place)) return `names no ${place}`;

  return has('recipients') && has('passphrase-file')
    ? 'has recipients and a passphrase-file: age seals for either, never for both'
    : undefined;
}

function readDirectory(
  name: string,
  section: SectionReader,
): DirectorySettings | undefined {
  const directory = section.path('directory');
  const settings = {
    name,
    type: 'directory' as const,
    ...readKeeping(section),
  };

  return directory === undefined ? undefined : { ...settings, directory };
}

/** Undefined without a bucket. */
function readBucket(
  name: string,
  section: SectionReader,
): BucketSettings | undefined {
  const { bucket, ...settings } = {
    name,
    type: 's3' as const,
    endpoint: section.read('endpoint', 'an http or https address', toEndpoint),
    region: section.word('region', 'a region such as eu-central-1'),
    bucket: section.read('bucket', 'the name of a bucket', (text) =>
      BUCKET_PATTERN.test(text) ? text : undefined,
    ),
    prefix: section.read('prefix', 'some text', toPrefix) ?? '',
    pathStyle: section.yesNo('path-style'),
    ...readAccess(section),
    storageClass: section.word('storage-class', 'a class such as STANDARD_IA'),
    retentionMs: section.read(
      'retention',
      'a duration such as 30d',
      (text) => parseDuration(text) || undefined,
    ),
    retentionMode: section.oneOf('retention-mode', RETENTION_MODES),
    ...readKeeping(section),
    uploadLimitBytes: section.read(
      'upload-limit',
      'a size a second such as 5MB',
      (text) => parseSize(text.replace(/\/s$/, '')) || undefined,
    ),
  };

  return bucket === undefined ? undefined : { ...settings, bucket };
}

/** How the server is reached, and who comes. */
function readAccess(
  section: SectionReader,
): Pick<
  BucketSettings,
  'profile' | 'credentialsFile' | 'credentialProcess' | 'caFile' | 'proxy'
> {
  return {
    profile: section.text('profile'),
    credentialsFile: section.path('credentials-file'),
    credentialProcess: section.text('credential-process'),
    caFile: section.path('ca-file'),
    proxy: section.read('proxy', 'an http address', toEndpoint),
  };
}

/** How long archives stay, and who can open them. */
function readKeeping(section: SectionReader): Omit<KeepingSettings, 'name'> {
  return {
    rules: readRetention(section),
    recipients: section.read('recipients', 'recipients, with commas', toList),
    passphraseFile: section.path('passphrase-file'),
    identityFile: section.path('identity-file'),
    indexCache: section.yesNo('index-cache'),
    spool: section.path('spool'),
  };
}

/** An address with a login in it is none: logins are not written here. */
function toEndpoint(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    url.username === '' &&
    url.password === '' &&
    url.search === '';

  return isPlain ? text.replace(/\/+$/, '') : undefined;
}

/** The prefix without slashes at its ends. */
export function toPrefix(text: string): string {
  return text.replace(/^\/+|\/+$/g, '');
}

/** Undefined without one: nothing would be sealed. */
function toList(text: string): string[] | undefined {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');

  return words.length > 0 ? words : undefined;
}
