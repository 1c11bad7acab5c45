import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError, errnoOf } from '../../errors.js';
import { readSettingsFile } from '../../platform/settings-file.js';
import { toUnreadableSettings } from '../../platform/system-error.js';
import type { Credentials } from '../request-signature.js';
import type { Environment } from '../surroundings.js';
import { loadFromProcess } from './credential-process.js';

/** Reads the files of AWS's tools: `~/.aws/credentials` and `~/.aws/config`. */

type Section = ReadonlyMap<string, string>;

/**
 * Reads a file of credentials that the target names. Without a section it is one section.
 * @throws {ConfigurationError} when it cannot be read, lacks a key, or other users of the machine may read it
 */
export function loadFromFile(
  file: string,
  profile = 'default',
): Promise<Credentials> | Credentials {
  refuseOpenToOthers(file);

  const sections = parseSections(readText(file));
  const section = sections.get(profile) ?? sections.get('');
  const credentials = section && credentialsOf(section, file, profile);
  if (credentials) return credentials;

  throw new ConfigurationError(
    `${file} has no aws_access_key_id and aws_secret_access_key in [${profile}]`,
  );
}

/**
 * Reads a profile: the one named, that of AWS_PROFILE, or `default`. Undefined where none was named and there are no files of it.
 * @throws {ConfigurationError} when a named one does not exist, or takes its credentials from where we cannot
 */
export function loadFromProfile(
  named: string | undefined,
  env: Environment,
): Promise<Credentials> | Credentials | undefined {
  const asked = named ?? profileOf(env);
  const profile = asked ?? 'default';
  const files = sharedFiles(env);

  const keys = readIfThere(files.credentials)?.get(profile);
  const settings = settingsOf(readIfThere(files.config), profile);
  const credentials =
    (keys && credentialsOf(keys, files.credentials, profile)) ??
    (settings && credentialsOf(settings, files.config, profile));
  if (credentials) return credentials;

  const elsewhere = [...ELSEWHERE].find((name) => settings?.has(name));
  if (elsewhere !== undefined) throw foreignSource(profile, elsewhere);
  if (asked === undefined) return undefined;

  throw new ConfigurationError(
    `the profile ${profile} has no credentials in ${files.credentials} or ${files.config}`,
  );
}

/** The region of a profile; undefined where it has none. @throws {ConfigurationError} when a file cannot be read */
export function regionOfProfile(
  named: string | undefined,
  env: Environment,
): string | undefined {
  const profile = named ?? profileOf(env) ?? 'default';
  const { config } = sharedFiles(env);

  return settingsOf(readIfThere(config), profile)?.get('region');
}

/** Settings of a profile whose credentials come from another service. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'role_arn',
  'source_profile',
  'sso_session',
  'sso_start_url',
  'web_identity_token_file',
  'login_session',
]);

function foreignSource(profile: string, setting: string): ConfigurationError {
  return new ConfigurationError(
    `the profile ${profile} takes its credentials by ${setting}, which kms-backup cannot`,
    {
      hints: [
        `Let AWS's own tool fetch them: credential_process = aws configure export-credentials --profile ${profile} --format process`,
      ],
    },
  );
}

function profileOf(env: Environment): string | undefined {
  const profile = env['AWS_PROFILE'] ?? '';
  return profile === '' ? undefined : profile;
}

function sharedFiles(env: Environment): {
  credentials: string;
  config: string;
} {
  const home = join(env['HOME'] ?? env['USERPROFILE'] ?? homedir(), '.aws');

  return {
    credentials:
      env['AWS_SHARED_CREDENTIALS_FILE'] ?? join(home, 'credentials'),
    config: env['AWS_CONFIG_FILE'] ?? join(home, 'config'),
  };
}

/** In the configuration a profile is called `[profile NAME]`, but for the default one. */
function settingsOf(
  sections: ReadonlyMap<string, Section> | undefined,
  profile: string,
): Section | undefined {
  return (
    sections?.get(`profile ${profile}`) ??
    (profile === 'default' ? sections?.get('default') : undefined)
  );
}

function credentialsOf(
  section: Section,
  file: string,
  profile: string,
): Promise<Credentials> | Credentials | undefined {
  const accessKeyId = section.get('aws_access_key_id');
  const secretAccessKey = section.get('aws_secret_access_key');
  const sessionToken = section.get('aws_session_token');
  const command = section.get('credential_process');

  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== undefined && { sessionToken }),
    };
  }

  if (accessKeyId !== undefined || secretAccessKey !== undefined) {
    throw new ConfigurationError(
      `${file} has one half of the credentials of [${profile}], and not the other`,
    );
  }

  return command === undefined ? undefined : loadFromProcess(command);
}

/** Undefined where there is no such file, or this user may not read it: a file of others is no setting of ours. */
function readIfThere(file: string): ReadonlyMap<string, Section> | undefined {
  try {
    return parseSections(readSettingsFile(file).toString('utf8'));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoOf(error) ?? '')) {
      return undefined;
    }

    throw unreadable(error, file);
  }
}

function readText(file: string): string {
  try {
    return readSettingsFile(file).toString('utf8');
  } catch (error) {
    throw unreadable(error, file);
  }
}

function unreadable(error: unknown, file: string): Error {
  return toUnreadableSettings(error, `cannot read the credentials in ${file}`);
}

function refuseOpenToOthers(file: string): void {
  if (process.platform === 'win32') return;

  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o077) === 0) return;

  throw new ConfigurationError(
    `the credentials in ${file} can be read by other users: it has mode ${(mode & 0o777).toString(8)}`,
    { hints: [`Take their rights away: chmod 600 "${file}".`] },
  );
}

/**
 * Sections and their settings, as AWS's tools read them: a value goes to the end of its line, with every sign in it; lines that
 * are indented belong to the setting before them, and are left out. What stands before the first section is one without a name.
 */
function parseSections(text: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  sections.set('', section);

  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    const name = /^\[\s*([^\]]*?)\s*\]/.exec(line)?.[1]?.replace(/\s+/g, ' ');
    // A setting without a value is none.
    const setting = /^([^\s#;=][^=]*?)\s*=\s*(\S.*?)\s*$/.exec(line);

    if (name !== undefined) {
      section = sections.get(name) ?? new Map<string, string>();
      sections.set(name, section);
    } else if (setting) {
      section.set((setting[1] ?? '').toLowerCase(), setting[2] ?? '');
    }
  }

  return sections;
}
