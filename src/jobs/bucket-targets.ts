/** Buckets as kms-backup.ini and the environment describe them. */
import {
  type BucketTarget,
  stateDirectoryFor,
} from '../archive/object-storage/bucket.js';
import type { ObjectStoreTarget } from '../object-store/object-store.js';
import { stateHome } from '../platform/state-home.js';
import type { TargetSettings } from '../settings/target-section.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The bucket of a target. */
export function bucketOf(
  settings: Omit<TargetSettings, 'rules'>,
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
    recipients: settings.recipients,
    identityFile: settings.identityFile,
    keepsIndexes: settings.indexCache,
  });
}

function retentionOf({
  retentionMs,
  retentionMode,
}: Pick<
  TargetSettings,
  'retentionMs' | 'retentionMode'
>): BucketTarget['retention'] {
  if (retentionMs === undefined) return undefined;

  const mode = retentionMode === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE';

  return { mode, durationMs: retentionMs };
}

/** The bucket of an address: by the target that names both, else by the environment alone. */
export function targetOfAddress(
  { bucket, prefix }: Pick<TargetSettings, 'bucket' | 'prefix'>,
  targets: readonly TargetSettings[],
): BucketTarget {
  const named = targets.find(
    (target) => target.bucket === bucket && target.prefix === prefix,
  );

  return bucketOf(named ?? { ...NO_SETTINGS, bucket, prefix });
}

/** A target of which nothing is set. */
const NO_SETTINGS: Omit<TargetSettings, 'bucket' | 'prefix' | 'rules'> = {
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
