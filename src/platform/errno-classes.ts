/** A group of the operating system's errors that ask the administrator for the same action. */
export interface ErrnoClass {
  /** The `Code:` that scripts can rely on. */
  readonly code: string;
  /** Advice: one imperative sentence each. */
  readonly hints: readonly string[];
  /** The errors of the group, each with its meaning in plain words. */
  readonly errnos: Readonly<Record<string, string>>;
}

/**
 * The meaning of every error of the operating system, the same for every call and command. Errors that only a defect of
 * this program causes are in `DEFECTS`.
 */
const ERRNO_CLASSES: readonly ErrnoClass[] = [
  {
    code: 'NO_SPACE',
    hints: ['Free space there, or inodes, or raise the quota of this user.'],
    errnos: { ENOSPC: 'the disk is full', EDQUOT: 'the disk quota is used up' },
  },
  {
    code: 'IO_ERROR',
    hints: [
      "Look at the system's log and the health of that disk; copy to another what is still readable.",
    ],
    errnos: {
      EIO: 'the disk or share reports an error',
      EUCLEAN: 'the file system is damaged',
      EBADMSG: 'the file system found a wrong checksum',
      ENODATA: 'the disk cannot read that place',
      EREMOTEIO: 'the disk or share reports an error',
      EPROTO: 'the share answers what nobody understands',
    },
  },
  {
    code: 'NOT_REACHABLE',
    hints: [
      'See whether the disk or share is still there; mount it again, and run the command again.',
    ],
    errnos: {
      ESTALE: 'the share has gone away or was made anew',
      ENXIO: 'the device has gone away',
      ENODEV: 'the device has gone away',
      ENOMEDIUM: 'there is no medium in the device',
      EMEDIUMTYPE: 'there is another medium in the device',
      ENOTCONN: 'the share is no longer connected',
      ETIMEDOUT: 'the share does not answer in time',
      ETIME: 'the share does not answer in time',
      EHOSTDOWN: 'the machine of the share is down',
      EHOSTUNREACH: 'the machine of the share cannot be reached',
      ENETDOWN: 'the network is down',
      ENETUNREACH: 'the network cannot be reached',
      ENETRESET: 'the share broke off the connection',
      ECONNRESET: 'the share broke off the connection',
      ECONNABORTED: 'the share broke off the connection',
      ECONNREFUSED: 'the share refuses the connection',
      ESHUTDOWN: 'the share has been shut down',
      ENOLINK: 'the share has gone away',
      ECOMM: 'the share could not be asked',
      EREMOTE: 'the server refuses it or cannot be asked',
    },
  },
  {
    code: 'READ_ONLY',
    hints: [
      'Mount the disk read-write; where the system made it read-only by itself, check the file system and the disk.',
    ],
    errnos: { EROFS: 'the file system is read-only' },
  },
  {
    code: 'NO_PERMISSION',
    hints: [
      'Give this user the right to it, or run the command as the user who has it.',
    ],
    errnos: {
      EACCES: 'this user may not do that',
      EPERM:
        'the system does not permit it to this user, or the file is protected (chattr +i, lsattr shows it)',
    },
  },
  {
    code: 'BUSY',
    hints: [
      'Look which program has it open, and run the command again when that has ended.',
    ],
    errnos: {
      EBUSY: 'another program or a mount holds it',
      ETXTBSY: 'another program runs it',
      EAGAIN: 'it cannot be had just now',
      EDEADLK: 'it cannot be had just now',
      ENOLCK: 'the share has no locks to give',
      EINTR: 'the call was interrupted, again and again',
    },
  },
  {
    code: 'LIMIT',
    hints: [
      'Raise the limit of this user or service (ulimit -a, LimitNOFILE= of systemd), or free memory.',
    ],
    errnos: {
      EMFILE: 'this process has too many files open',
      ENFILE: 'the machine has too many files open',
      ENOMEM: 'the machine has no memory left',
      ENOBUFS: 'the machine has no memory left',
    },
  },
  {
    code: 'TOO_LARGE',
    hints: [
      'Make smaller volumes with --volume-size, or raise the limit (ulimit -f), or use another file system.',
    ],
    errnos: {
      EFBIG: 'the file would be larger than the file system or a limit allows',
      EOVERFLOW: 'the file is larger than the system can say',
    },
  },
  {
    code: 'BAD_PATH',
    hints: [
      'Look at the path: what it names, how long it is, and where links lead.',
    ],
    errnos: {
      ENAMETOOLONG: 'a name or path is too long',
      ELOOP: 'links lead round in a circle, or a link is where none may be',
      ENOTDIR: 'something on the way there is no directory',
      EISDIR: 'a directory is where a file should be',
      EILSEQ: 'the file system does not take this name',
    },
  },
  {
    code: 'CHANGED',
    hints: [
      'Another program changed it meanwhile: see what is there, and run the command again.',
    ],
    errnos: {
      ENOENT: 'it is not there',
      EEXIST: 'something is there already',
      ENOTEMPTY: 'the directory is not empty',
    },
  },
  {
    code: 'NOT_SUPPORTED',
    hints: [
      'Use another file system, or another share: this one does not offer what is needed.',
    ],
    errnos: {
      EOPNOTSUPP: 'the file system does not offer that',
      ENOTSUP: 'the file system does not offer that',
      ENOSYS: 'the file system does not offer that',
      ENOTTY: 'the file system does not offer that',
      EINVAL: 'the file system does not take that',
      EXDEV: 'it lies on another file system',
      EMLINK: 'the file system allows no more links to it',
    },
  },
  {
    code: 'SYSTEM_ERROR',
    hints: [
      "Look at the system's log; if disk and share are well, report it with the output of DEBUG=1.",
    ],
    errnos: { UNKNOWN: 'the system gives a reason that has no name' },
  },
];

/** Errors that only a defect of this program causes. */
const DEFECTS: ReadonlySet<string> = new Set([
  'EBADF',
  'EFAULT',
  'ESPIPE',
  'ENOTSOCK',
  'E2BIG',
  'EDOM',
  'ERANGE',
]);

/** Returns the group of an operating system's error; undefined for one that only a defect of this program causes. */
export function classOf(errno: string): ErrnoClass | undefined {
  if (DEFECTS.has(errno)) return undefined;

  return (
    ERRNO_CLASSES.find(({ errnos }) => Object.hasOwn(errnos, errno)) ??
    ERRNO_CLASSES.at(-1)
  );
}

/** Returns the meaning of an operating system's error in plain words. */
export function wordsOf(errno: string): string {
  return (
    ERRNO_CLASSES.find(({ errnos }) => Object.hasOwn(errnos, errno))?.errnos[
      errno
    ] ?? 'the system refuses it'
  );
}
