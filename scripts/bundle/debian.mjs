// A Debian package of one executable, built by dpkg-deb; without dpkg-deb there is none, and that is said.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { gzipSync } from 'node:zlib';
import { dirname, join } from 'node:path';

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

function put(stage, path, source, mode = 0o644) {
  const target = join(stage, path);
  mkdirSync(dirname(target), { recursive: true });
  if (typeof source === 'string') copyFileSync(source, target);
  else writeFileSync(target, source);
  chmodSync(target, mode);
}

/** Returns the package's file; undefined without dpkg-deb. */
export function writeDebianPackage({
  directory,
  executable,
  architecture,
  version,
  build,
}) {
  const stage = join(build, `debian-${architecture}`);
  rmSync(stage, { recursive: true, force: true });
  put(stage, 'usr/bin/kms-backup', executable, 0o755);
  symlinkSync('kms-backup', join(stage, 'usr/bin/kmsrecover'));

  const documents = 'usr/share/doc/kms-backup';
  for (const name of [
    'README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'kms-backup.ini.example',
  ]) {
    put(stage, join(documents, name), join(directory, name));
  }

  cpSync(join(directory, 'docs'), join(stage, documents, 'docs'), {
    recursive: true,
  });
  put(
    stage,
    'usr/share/bash-completion/completions/kms-backup',
    join(directory, 'kms-backup.bash'),
  );
  symlinkSync(
    'kms-backup',
    join(stage, 'usr/share/bash-completion/completions/kmsrecover'),
  );
  put(
    stage,
    'usr/share/zsh/vendor-completions/_kms-backup',
    join(directory, '_kms-backup'),
  );

  const licences = ['LICENSE', 'LICENSE.node'].map((name) =>
    readFileSync(join(directory, name)),
  );
  put(stage, join(documents, 'copyright'), Buffer.concat(licences));

  const page = gzipSync(readFileSync(join(directory, 'kms-backup.1')), {
    level: 9,
  });
  put(stage, 'usr/share/man/man1/kms-backup.1.gz', page);
  symlinkSync(
    'kms-backup.1.gz',
    join(stage, 'usr/share/man/man1/kmsrecover.1.gz'),
  );

  const sizeKiB = Math.ceil(readFileSync(executable).length / 1024);
  put(
    stage,
    'DEBIAN/control',
    Buffer.from(control({ version, architecture, sizeKiB })),
  );

  const name = join(build, `kms-backup_${version}_${architecture}.deb`);
  // Level 1: a sixth larger than the best, in a fifth of the time.
  const how = ['--root-owner-group', '-Zxz', '-z1'];

  const { status, stderr, error } = spawnSync(
    'dpkg-deb',
    [...how, '--build', stage, name],
    { encoding: 'utf8' },
  );

  rmSync(stage, { recursive: true, force: true });

  if (error) {
    console.log(
      `${architecture}: no Debian package, because dpkg-deb is missing`,
    );
  } else if (status !== 0) {
    throw new Error(`dpkg-deb failed: ${stderr}`);
  }

  return error ? undefined : name;
}
