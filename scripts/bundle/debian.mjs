// Builds a Debian package of one executable with dpkg-deb. On a machine without dpkg-deb it says so and builds none.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { argv } from '../argv.mjs';

const control = ({ version, architecture, sizeKiB }) => `Package: kms-backup
Version: ${version}
Section: admin
Priority: optional
Architecture: ${architecture}
Maintainer: The kms-backup authors <kms-backup@localhost>
Installed-Size: ${sizeKiB}
Depends: libc6 (>= 2.28), libstdc++6
Description: Backup and recovery toolbox for Kerio MailServer and Kerio Connect
 Writes full, differential and copy archives in the server's own format,
 verifies them, keeps them by the server's rotation rule and recovers
 anything from one message to a whole server.
`;

const DOCUMENTS = 'usr/share/doc/kms-backup';
const DOCUMENT_NAMES = argv`README.md CHANGELOG.md CONTRIBUTING.md kms-backup.ini.example`;
const COMPLETIONS = 'usr/share/bash-completion/completions';
const MANUAL = 'usr/share/man/man1';

/** At level 1: a sixth larger than the best, in a fifth of the time. */
const XZ = ['-Zxz', '-z1'];

/**
 * @param directory holds the documents, the completion scripts and the manual page
 * @param compression dpkg-deb's options
 * @returns the path of the package; undefined without dpkg-deb
 */
export function writeDebianPackage({
  directory,
  executable,
  architecture,
  version,
  build,
  compression = XZ,
}) {
  const stage = join(build, `debian-${architecture}`);
  const file = join(build, `kms-backup_${version}_${architecture}.deb`);
  const sizeKiB = Math.ceil(statSync(executable).size / 1024);

  rmSync(stage, { recursive: true, force: true });
  copy(executable, join(stage, 'usr/bin/kms-backup'), 0o755);
  symlinkSync('kms-backup', join(stage, 'usr/bin/kmsrecover'));
  stageDocuments(directory, stage);
  stageCompletions(directory, stage);
  stageManual(directory, stage);
  write(
    control({ version, architecture, sizeKiB }),
    join(stage, 'DEBIAN/control'),
  );

  const isBuilt = buildPackage(stage, file, compression);
  rmSync(stage, { recursive: true, force: true });
  if (isBuilt) return file;

  console.log(
    `${architecture}: no Debian package, because dpkg-deb is missing`,
  );

  return undefined;
}

function stageDocuments(directory, stage) {
  const target = join(stage, DOCUMENTS);

  for (const name of DOCUMENT_NAMES) {
    copy(join(directory, name), join(target, name));
  }

  cpSync(join(directory, 'docs'), join(target, 'docs'), { recursive: true });

  const licences = ['LICENSE', 'LICENSE.node'].map((name) =>
    readFileSync(join(directory, name)),
  );
  write(Buffer.concat(licences), join(target, 'copyright'));
}

function stageCompletions(directory, stage) {
  const bash = join(stage, COMPLETIONS);
  const fish = join(stage, 'usr/share/fish/vendor_completions.d');
  const zsh = join(stage, 'usr/share/zsh/vendor-completions/_kms-backup');

  copy(join(directory, 'kms-backup.bash'), join(bash, 'kms-backup'));
  symlinkSync('kms-backup', join(bash, 'kmsrecover'));
  copy(join(directory, 'kms-backup.fish'), join(fish, 'kms-backup.fish'));
  symlinkSync('kms-backup.fish', join(fish, 'kmsrecover.fish'));
  copy(join(directory, '_kms-backup'), zsh);
}

function stageManual(directory, stage) {
  const target = join(stage, MANUAL);
  const page = readFileSync(join(directory, 'kms-backup.1'));

  write(gzipSync(page, { level: 9 }), join(target, 'kms-backup.1.gz'));
  symlinkSync('kms-backup.1.gz', join(target, 'kmsrecover.1.gz'));
}

/** Returns false where this machine has no dpkg-deb. */
function buildPackage(stage, file, compression) {
  const words = argv`--root-owner-group ${compression} --build ${stage} ${file}`;
  const { status, stderr, error } = spawnSync('dpkg-deb', words, {
    encoding: 'utf8',
  });

  if (error) return false;
  if (status !== 0) throw new Error(`dpkg-deb failed: ${stderr}`);

  return true;
}

function copy(source, target, mode = 0o644) {
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(source, target);
  chmodSync(target, mode);
}

function write(content, target) {
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
  chmodSync(target, 0o644);
}
