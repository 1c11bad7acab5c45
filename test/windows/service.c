/*
 * A mail server as Windows' service manager knows one. It reads mailserver.cfg when it starts, and writes what it read when it
 * stops: whoever edits the file while it runs loses the edit. Where a file `broken` lies beside it, it does not start.
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define STOPPING_MS 700

static SERVICE_STATUS_HANDLE manager;
static HANDLE asked_to_stop;
static char settings[1 << 20];
static size_t settings_bytes;

static FILE *open_beside(const char *name, const char *mode) {
  char path[MAX_PATH];
  GetModuleFileNameA(NULL, path, MAX_PATH);
  strcpy(strrchr(path, '\\') + 1, name);
  return fopen(path, mode);
}

static void tell(DWORD state, DWORD exit_code) {
  SERVICE_STATUS status = {SERVICE_WIN32_OWN_PROCESS, state, SERVICE_ACCEPT_STOP, exit_code, 0, 0, 5000};
  SetServiceStatus(manager, &status);
}

static DWORD WINAPI on_control(DWORD control, DWORD type, void *data, void *context) {
  (void)type, (void)data, (void)context;
  if (control == SERVICE_CONTROL_STOP) {
    tell(SERVICE_STOP_PENDING, NO_ERROR);
    SetEvent(asked_to_stop);
  }
  return NO_ERROR;
}

static void WINAPI run(DWORD count, char **words) {
  (void)count, (void)words;
  manager = RegisterServiceCtrlHandlerExA("KerioMailServer", on_control, NULL);

  FILE *broken = open_beside("broken", "rb");
  if (broken != NULL) {
    fclose(broken);
    tell(SERVICE_STOPPED, ERROR_BAD_CONFIGURATION);
    return;
  }

  FILE *file = open_beside("mailserver.cfg", "rb");
  settings_bytes = fread(settings, 1, sizeof settings, file);
  fclose(file);
  tell(SERVICE_RUNNING, NO_ERROR);

  WaitForSingleObject(asked_to_stop, INFINITE);
  Sleep(STOPPING_MS);
  file = open_beside("mailserver.cfg", "wb");
  fwrite(settings, 1, settings_bytes, file);
  fclose(file);
  tell(SERVICE_STOPPED, NO_ERROR);
}

int main(void) {
  SERVICE_TABLE_ENTRYA services[] = {{"KerioMailServer", run}, {NULL, NULL}};
  asked_to_stop = CreateEventA(NULL, TRUE, FALSE, NULL);
  return StartServiceCtrlDispatcherA(services) ? 0 : 1;
}
