/*
 * Kills the program that it is loaded into by LD_PRELOAD, just before one of its system calls. Which one is said by variables of
 * the environment, read at the start:
 *
 *   KILL_CALL   the functions of the C library, separated by commas, by the names of their system calls: rename, pwrite64, ...
 *   KILL_PATHS  only calls on one of these absolute paths, separated by newlines (default: on any); as for strace -P, a rename counts by
 *               its first path, a link by either
 *   KILL_AT     the call that is not reached, counted from 1
 *
 * Calls of all threads are counted together.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *calls = "", *paths = "";
static long last;
static atomic_long seen;

__attribute__((constructor)) static void read_environment(void) {
  const char *call = getenv("KILL_CALL"), *path = getenv("KILL_PATHS"), *at = getenv("KILL_AT");
  if (call != NULL) calls = strdup(call);
  if (path != NULL) paths = strdup(path);
  if (at != NULL) last = atol(at);
}

static int listed(const char *list, char separator, const char *word) {
  size_t length = strlen(word);
  while (*list != '\0') {
    const char *end = strchrnul(list, separator);
    if ((size_t)(end - list) == length && strncmp(list, word, length) == 0) return 1;
    list = *end == '\0' ? end : end + 1;
  }
  return 0;
}

static int counts(const char *path) {
  return *paths == '\0' || (path != NULL && listed(paths, '\n', path));
}

static void reach(const char *call, const char *path) {
  if (!listed(calls, ',', call) || !counts(path)) return;
  if (atomic_fetch_add(&seen, 1) + 1 == last) kill(getpid(), SIGKILL);
}

static void reach_link(const char *path, const char *to) {
  reach("link", counts(path) ? path : to);
}

static void reach_fd(const char *call, int fd) {
  char link[64], path[PATH_MAX] = "";
  if (!listed(calls, ',', call)) return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if (readlink(link, path, sizeof path - 1) < 0) path[0] = '\0';
  reach(call, path);
}

/* Stands before the function of the same name, which it calls. */
#define BEFORE(reached, result, name, types, parameters, arguments)           \
  result name parameters {                                                    \
    static result (*next) types;                                              \
    if (next == NULL) next = (result(*) types)dlsym(RTLD_NEXT, #name);        \
    reached;                                                                  \
    return next arguments;                                                    \
  }
#define PATH(name) BEFORE(reach(#name, path), int, name, (const char *), (const char *path), (path))
#define PATH_AND_MODE(name) \
  BEFORE(reach(#name, path), int, name, (const char *, mode_t), (const char *path, mode_t mode), (path, mode))
#define FILE_DESCRIPTOR(name) BEFORE(reach_fd(#name, fd), int, name, (int), (int fd), (fd))

BEFORE(reach("rename", path), int, rename, (const char *, const char *), (const char *path, const char *to), (path, to))
BEFORE(reach_link(path, to), int, link, (const char *, const char *), (const char *path, const char *to), (path, to))
PATH(unlink)
PATH(rmdir)
/* What the C++ library removes a file with. */
BEFORE(reach("unlink", path), int, remove, (const char *), (const char *path), (path))
PATH_AND_MODE(mkdir)
PATH_AND_MODE(chmod)
FILE_DESCRIPTOR(fsync)
FILE_DESCRIPTOR(fdatasync)
BEFORE(reach_fd("fchmod", fd), int, fchmod, (int, mode_t), (int fd, mode_t mode), (fd, mode))
BEFORE(reach_fd("ftruncate", fd), int, ftruncate64, (int, off64_t), (int fd, off64_t size), (fd, size))
BEFORE(reach_fd("write", fd), ssize_t, write, (int, const void *, size_t), (int fd, const void *from, size_t size), (fd, from, size))
BEFORE(reach_fd("pwrite64", fd), ssize_t, pwrite64, (int, const void *, size_t, off64_t),
       (int fd, const void *from, size_t size, off64_t at), (fd, from, size, at))
BEFORE(reach_fd("pwritev", fd), ssize_t, pwritev64, (int, const struct iovec *, int, off64_t),
       (int fd, const struct iovec *from, int count, off64_t at), (fd, from, count, at))
