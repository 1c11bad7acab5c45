/** Buckets and directories as kms-backup.ini and the environment describe them. */
import {
  type BucketTarget,
  stateDirectoryFor,
  stateDirectoryNamed,
} from '../archive/object-storage/bucket.js';
import type { ObjectStoreTarget } from '../object-store/object-store.js';
import type { DirectoryTarget } from '../archive/sealed-directory/sealed-directory.js';
import type { Recipients } from '../sealing/age-headers.js';
import { isOnePlace } from '../platform/one-place.js';
import { stateHome } from '../platform/state-home.js';
import type {
  BucketSettings,
  DirectorySettings,
  TargetSettings,
} from '../settings/target-section.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The place that a target is. */
export function placeOfTarget(
  settings: TargetSettings,
): BucketTarget | DirectoryTarget {
  return settings.type === 's3' ? bucketOf(settings) : directoryOf(settings);
}

function directoryOf(settings: DirectorySettings): DirectoryTarget {
  const { directory, spool } = settings;
  const usual = stateDirectoryNamed(stateHome(), directory, [directory]);

  return withoutUndefined<DirectoryTarget>({
    directory,
    stateDirectory: spool ?? usual,
    ...sealingOf(settings),
  });
}

/** The target that a directory is of this machine, however its path is spelled. */
export function directoryTargetAt(
  path: string,
  targets: readonly TargetSettings[],
): DirectorySettings | undefined {
  return targets.find(
    (target): target is DirectorySettings =>
      target.type === 'directory' && isOnePlace(target.directory, path),
  );
}

/** The bucket of a target. */
export function bucketOf(
  settings: Omit<BucketSettings, 'rules'>,
  env: Environment = process.env,
): BucketTarget {
  const { prefix, spool } = settings;

  const target = withoutUndefined<ObjectStoreTarget>({
    bucket: settings.bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    endpoint: settings.endpoint ?? endpointOf(env),
    region: settings.region,
    pathStyle: settings.pathStyle,
    profile: settings.profile,
    credentialsFile: settings.credentialsFile,
    credentialProcess: settings.credentialProcess,
    caFile: settings.caFile,
    proxy: settings.proxy,
    storageClass: settings.storageClass,
    uploadLimit: settings.uploadLimitBytes,
  });

  return withoutUndefined<BucketTarget>({
    target,
    stateDirectory: spool ?? stateDirectoryFor(stateHome(), target),
    retention: retentionOf(settings),
    ...sealingOf(settings),
  });
}

/** How a target seals, and what opens that. */
function sealingOf({
  recipients,
  passphraseFile,
  identityFile,
  indexCache,
}: Pick<
  TargetSettings,
  'recipients' | 'passphraseFile' | 'identityFile' | 'indexCache'
>): {
  readonly recipients: Recipients | undefined;
  readonly identityFile: string | undefined;
  readonly passphraseFile: string | undefined;
  readonly keepsIndexes: boolean | undefined;
} {
  const byPassphrase =
    passphraseFile === undefined ? undefined : { passphraseFile };

  return {
    recipients: recipients ?? byPassphrase,
    identityFile,
    passphraseFile,
    keepsIndexes: indexCache,
  };
}

function retentionOf({
  retentionMs,
  retentionMode,
}: Pick<
  BucketSettings,
  'retentionMs' | 'retentionMode'
>): BucketTarget['retention'] {
  if (retentionMs === undefined) return undefined;

  const mode = retentionMode === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE';

  return { mode, durationMs: retentionMs };
}

/** The bucket of an address: by the target that names both, else by the environment alone. */
export function targetOfAddress(
  { bucket, prefix }: Pick<BucketSettings, 'bucket' | 'prefix'>,
  targets: readonly TargetSettings[],
): BucketTarget {
  const named = targets.find(
    (target): target is BucketSettings =>
      target.type === 's3' &&
      target.bucket === bucket &&
      target.prefix === prefix,
  );

  return bucketOf(named ?? { ...NO_SETTINGS, bucket, prefix });
}

/** A target of which nothing is set. */
const NO_SETTINGS: Omit<BucketSettings, 'bucket' | 'prefix' | 'rules'> = {
  name: '',
  type: 's3',
  endpoint: undefined,
  region: undefined,
  pathStyle: undefined,
  profile: undefined,
  credentialsFile: undefined,
  credentialProcess: undefined,
  caFile: undefined,
  proxy: undefined,
  storageClass: undefined,
  retentionMs: undefined,
  retentionMode: undefined,
  recipients: undefined,
  passphraseFile: undefined,
  identityFile: undefined,
  indexCache: undefined,
  uploadLimitBytes: undefined,
  spool: undefined,
};

/** As AWS's own tools have it. */
function endpointOf(env: Environment): string | undefined {
  const [endpoint] = [
    env['AWS_ENDPOINT_URL_S3'],
    env['AWS_ENDPOINT_URL'],
  ].filter((text) => text !== undefined && text !== '');

  return endpoint;
}

/** The fields that are set: where a field is missing, the client has a default. */
function withoutUndefined<T extends object>(fields: {
  [Name in keyof T]: T[Name] | undefined;
}): T {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as T;
}
