// Ends the program at a signal with the documented exit code and a line, from its first moment on. A running command listens
// too (src/ui/interruption.ts) and answers alone; before it, no file was changed.
const CODES = { SIGINT: [130, 'INTERRUPTED'], SIGTERM: [143, 'TERMINATED'] };

for (const [signal, [exitCode, code]] of Object.entries(CODES)) {
  process.on(signal, () => {
    if (process.listenerCount(signal) > 1) return;
    // The command is over, and what it printed holds.
    if (process.exitCode !== undefined) return;

    const message = `stopped by ${signal}; nothing was begun`;
    const error = {
      schema: 'kms-backup/error/1',
      exitCode,
      error: { code, message, hints: [] },
    };
    if (process.argv.includes('--json')) {
      process.stdout.write(`${JSON.stringify(error)}\n`);
    } else {
      process.stderr.write(`Error: ${message}\nCode: ${code}\n`);
    }

    // eslint-disable-next-line no-restricted-properties -- no command runs yet that could end by itself
    process.exit(exitCode);
  });
}
