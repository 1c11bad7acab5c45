/*
 * Makes system calls of a program fail, loaded into it by LD_PRELOAD. What fails is said by variables of the environment,
 * which the program itself may change while it runs:
 *
 *   REFUSE_CALL   the calls, separated by commas: open, read, write, fsync, syncdir (fsync of a directory), rename, link, readdir, ...
 *   REFUSE_BELOW  only what lies at or below one of these absolute paths, separated by colons
 *   REFUSE_ERRNO  the number of the error
 *   REFUSE_FIRST  the first call that fails, counted from 1 (default 1)
 *   REFUSE_TIMES  how many fail (default: all from the first on)
 *   REFUSE_BYTES  of reads at a place only those that touch one of these ranges: 4096-8191,20480-24575
 *   REFUSE_ROUND  another value starts counting anew
 *   REFUSE_LOG    a file that gets a line for each call that could have failed: "fsync /path"
 *
 * Calls of all threads are counted together.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static char current_round[64];
static long seen;

static int listed(const char *list, const char *word) {
  size_t length = strlen(word);
  while (list != NULL && *list != '\0') {
    const char *end = strchrnul(list, ',');
    if ((size_t)(end - list) == length && strncmp(list, word, length) == 0) return 1;
    list = *end == '\0' ? end : end + 1;
  }
  return 0;
}

static int lies_below(const char *roots, const char *path) {
  while (roots != NULL && *roots != '\0') {
    const char *end = strchrnul(roots, ':');
    size_t length = (size_t)(end - roots);
    if (length > 0 && strncmp(roots, path, length) == 0 && (path[length] == '\0' || path[length] == '/')) return 1;
    roots = *end == '\0' ? end : end + 1;
  }
  return 0;
}

static void write_log(const char *file, const char *call, const char *path) {
  char line[4300];
  int length = snprintf(line, sizeof line, "%s %s\n", call, path);
  int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return;
  syscall(SYS_write, fd, line, (size_t)length);
  syscall(SYS_close, fd);
}

/* Whether this call is to fail; errno is set then. */
static int refused(const char *call, const char *path) {
  const char *calls = getenv("REFUSE_CALL");
  if (calls == NULL || *calls == '\0' || path == NULL || !listed(calls, call)) return 0;
  if (!lies_below(getenv("REFUSE_BELOW"), path)) return 0;

  const char *number = getenv("REFUSE_ERRNO"), *first = getenv("REFUSE_FIRST"), *times = getenv("REFUSE_TIMES");
  const char *round = getenv("REFUSE_ROUND"), *log = getenv("REFUSE_LOG");
  long from = first == NULL ? 1 : atol(first);
  pthread_mutex_lock(&guard);
  if (strcmp(round == NULL ? "" : round, current_round) != 0) {
    snprintf(current_round, sizeof current_round, "%s", round == NULL ? "" : round);
    seen = 0;
  }
  long mine = ++seen;
  if (log != NULL && *log != '\0') write_log(log, call, path);
  pthread_mutex_unlock(&guard);

  if (number == NULL || mine < from || (times != NULL && *times != '\0' && mine >= from + atol(times))) return 0;
  errno = atoi(number);
  return 1;
}

static const char *path_of(int fd, char *into, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  long length = syscall(SYS_readlinkat, AT_FDCWD, link, into, size - 1);
  into[length < 0 ? 0 : length] = '\0';
  return into;
}

static int refused_fd(const char *call, int fd) {
  const char *calls = getenv("REFUSE_CALL");
  char path[4200];
  if (calls == NULL || *calls == '\0' || !listed(calls, call)) return 0;
  return refused(call, path_of(fd, path, sizeof path));
}

static int refused_at(const char *call, int directory, const char *path) {
  char whole[8500], base[4200];
  if (path == NULL || *path == '/' || directory == AT_FDCWD) return refused(call, path);
  snprintf(whole, sizeof whole, "%s/%s", path_of(directory, base, sizeof base), path);
  return refused(call, whole);
}

/* The same function of the C library. */
#define NEXT(result, name, ...)                       \
  static result (*next)(__VA_ARGS__);                 \
  if (next == NULL) next = dlsym(RTLD_NEXT, #name)

#define BY_PATH(call, name, parameters, arguments)    \
  int name parameters {                               \
    NEXT(int, name, parameters_of_##name);            \
    return refused(call, path) ? -1 : next arguments; \
  }

static mode_t mode_of(int flags, va_list rest) {
  return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

#define OPEN(name)                                                               \
  int name(const char *path, int flags, ...) {                                   \
    va_list rest;                                                                \
    va_start(rest, flags);                                                       \
    mode_t mode = mode_of(flags, rest);                                          \
    va_end(rest);                                                                \
    NEXT(int, name, const char *, int, ...);                                     \
    return refused("open", path) ? -1 : next(path, flags, mode);                 \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                             \
  int name(int at, const char *path, int flags, ...) {                           \
    va_list rest;                                                                \
    va_start(rest, flags);                                                       \
    mode_t mode = mode_of(flags, rest);                                          \
    va_end(rest);                                                                \
    NEXT(int, name, int, const char *, int, ...);                                \
    return refused_at("open", at, path) ? -1 : next(at, path, flags, mode);      \
  }
OPENAT(openat)
OPENAT(openat64)

#define parameters_of_mkdir const char *, mode_t
BY_PATH("mkdir", mkdir, (const char *path, mode_t mode), (path, mode))
#define parameters_of_rmdir const char *
BY_PATH("unlink", rmdir, (const char *path), (path))
#define parameters_of_unlink const char *
BY_PATH("unlink", unlink, (const char *path), (path))
#define parameters_of_rename const char *, const char *
BY_PATH("rename", rename, (const char *path, const char *to), (path, to))
#define parameters_of_link const char *, const char *
BY_PATH("link", link, (const char *path, const char *to), (path, to))
#define parameters_of_chmod const char *, mode_t
BY_PATH("chmod", chmod, (const char *path, mode_t mode), (path, mode))
#define parameters_of_chown const char *, uid_t, gid_t
BY_PATH("chown", chown, (const char *path, uid_t user, gid_t group), (path, user, group))
#define parameters_of_access const char *, int
BY_PATH("access", access, (const char *path, int mode), (path, mode))
#define parameters_of_statfs const char *, struct statfs *
BY_PATH("stat", statfs, (const char *path, struct statfs *into), (path, into))

int unlinkat(int at, const char *path, int flags) {
  NEXT(int, unlinkat, int, const char *, int);
  return refused_at("unlink", at, path) ? -1 : next(at, path, flags);
}

static const char *kind_of_sync(int fd) {
  struct stat stats;
  return fstat(fd, &stats) == 0 && S_ISDIR(stats.st_mode) ? "syncdir" : "fsync";
}

#define BY_FD(call, result, name, types, parameters, arguments) \
  result name parameters {                                      \
    NEXT(result, name, types);                                  \
    return refused_fd(call, fd) ? -1 : next arguments;          \
  }
#define TYPES(...) __VA_ARGS__
BY_FD("read", ssize_t, read, TYPES(int, void *, size_t), (int fd, void *into, size_t size), (fd, into, size))
BY_FD("write", ssize_t, write, TYPES(int, const void *, size_t), (int fd, const void *from, size_t size), (fd, from, size))
BY_FD("write", ssize_t, pwrite64, TYPES(int, const void *, size_t, off64_t), (int fd, const void *from, size_t size, off64_t at), (fd, from, size, at))
BY_FD("write", ssize_t, writev, TYPES(int, const struct iovec *, int), (int fd, const struct iovec *from, int count), (fd, from, count))
BY_FD(kind_of_sync(fd), int, fsync, TYPES(int), (int fd), (fd))
BY_FD(kind_of_sync(fd), int, fdatasync, TYPES(int), (int fd), (fd))
BY_FD("ftruncate", int, ftruncate64, TYPES(int, off64_t), (int fd, off64_t size), (fd, size))
BY_FD("chmod", int, fchmod, TYPES(int, mode_t), (int fd, mode_t mode), (fd, mode))
BY_FD("chown", int, fchown, TYPES(int, uid_t, gid_t), (int fd, uid_t user, gid_t group), (fd, user, group))
BY_FD("utimes", int, futimens, TYPES(int, const struct timespec *), (int fd, const struct timespec times[2]), (fd, times))

static int touches(off64_t at, size_t size) {
  const char *ranges = getenv("REFUSE_BYTES");
  if (ranges == NULL || *ranges == '\0') return 1;
  while (*ranges != '\0') {
    char *end;
    off64_t first = strtoll(ranges, &end, 10), last = strtoll(end + 1, &end, 10);
    if (at <= last && at + (off64_t)size > first) return 1;
    ranges = *end == ',' ? end + 1 : end;
  }
  return 0;
}

ssize_t pread64(int fd, void *into, size_t size, off64_t at) {
  NEXT(ssize_t, pread64, int, void *, size_t, off64_t);
  return touches(at, size) && refused_fd("read", fd) ? -1 : next(fd, into, size, at);
}

int utimensat(int at, const char *path, const struct timespec times[2], int flags) {
  NEXT(int, utimensat, int, const char *, const struct timespec *, int);
  return refused_at("utimes", at, path) ? -1 : next(at, path, times, flags);
}

int scandir64(const char *path, struct dirent64 ***list, int (*filter)(const struct dirent64 *),
              int (*compare)(const struct dirent64 **, const struct dirent64 **)) {
  NEXT(int, scandir64, const char *, struct dirent64 ***, int (*)(const struct dirent64 *),
       int (*)(const struct dirent64 **, const struct dirent64 **));
  return refused("readdir", path) ? -1 : next(path, list, filter, compare);
}

DIR *opendir(const char *path) {
  NEXT(DIR *, opendir, const char *);
  return refused("readdir", path) ? NULL : next(path);
}

static int refused_statx(int at, const char *path, int flags) {
  if (path != NULL && *path == '\0' && (flags & AT_EMPTY_PATH)) return refused_fd("stat", at);
  return path != NULL && refused_at("stat", at, path);
}

int statx(int at, const char *path, int flags, unsigned mask, struct statx *into) {
  NEXT(int, statx, int, const char *, int, unsigned, struct statx *);
  return refused_statx(at, path, flags) ? -1 : next(at, path, flags, mask, into);
}

/* libuv of Node 20 and 22 asks for statx by its number. */
long syscall(long number, ...) {
  long a[6];
  va_list rest;
  va_start(rest, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
  va_end(rest);
  NEXT(long, syscall, long, ...);
  if (number == SYS_statx && refused_statx((int)a[0], (const char *)a[1], (int)a[2])) return -1;
  return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
