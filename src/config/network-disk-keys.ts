/** The settings of the network disk. kms-backup.ini keeps them: the names of the server's own variables are not known. */

export const NETWORK_DISK_USER = 'network-disk-user';
export const NETWORK_DISK_PASSWORD_FILE = 'network-disk-password-file';

/** By name, the key in the section [network-disk]. */
export const NETWORK_DISK_KEYS: Readonly<Record<string, string>> = {
  [NETWORK_DISK_USER]: 'user',
  [NETWORK_DISK_PASSWORD_FILE]: 'password-file',
};
