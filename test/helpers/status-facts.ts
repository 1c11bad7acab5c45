import type {
  StatusArchive,
  StatusFacts,
} from '../../src/page/status-facts.js';

const DAY_MS = 86_400_000;

/** Eight weeks of a working server: fulls on Sundays, differentials else, a copy, one damaged archive, many users. */
export function statusFacts(changes: Partial<StatusFacts> = {}): StatusFacts {
  const generatedAt = new Date(2026, 10, 23, 9, 30);
  const archives: StatusArchive[] = [];
  let base = '';
  for (let day = 56; day >= 0; day--) {
    const takenAt = new Date(
      new Date(2026, 10, 23, 1, 0, 2).getTime() - day * DAY_MS,
    );
    const isFull = takenAt.getDay() === 0 || base === '';
    const name = `${isFull ? 'F' : 'I'}${takenAt.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z.zip`;
    if (isFull) base = name;
    archives.push({
      name,
      type: isFull ? 'full' : 'differential',
      takenAt,
      sizeBytes: isFull
        ? 305_869_619 + (56 - day) * 2_000_000
        : 4_000_000 + ((day * 7919) % 23) * 1_500_000,
      volumes: 1,
      messages: isFull ? 50_250 : 1241,
      needs: isFull ? undefined : base,
      verifiedAt: day % 9 === 4 ? undefined : takenAt,
      isRecoverable: day !== 20,
      problem: day === 20 ? 'volume 1 is missing' : undefined,
    });
  }

  archives.push({
    name: 'C20261120T101500Z.zip',
    type: 'copy',
    takenAt: new Date(2026, 10, 20, 10, 15),
    sizeBytes: 410_000_000,
    volumes: 1,
    messages: 50_249,
    isRecoverable: true,
  });
  archives.sort((a, b) => a.takenAt.getTime() - b.takenAt.getTime());
  return {
    hostname: 'mail.example.com',
    generatedAt,
    backupDir: '/srv/backup',
    storeDir: '/opt/kerio/mailserver/store',
    version: '0.1.0',
    warnings: [
      {
        severity: 'critical',
        text: 'I20261103T010002Z.zip cannot be recovered: volume 1 is missing',
        hint: 'Run verify.',
      },
      {
        severity: 'warning',
        text: 'The backup directory has less free space than the next full backup needs.',
      },
    ],
    archives,
    mailboxes: Array.from({ length: 12 }, (_, index) => ({
      name: `example.com/user${String(index)}`,
      messages: 9000 - index * 700,
      sizeBytes: Math.round(900_000_000 / (index + 1)),
      folders: [
        { name: 'INBOX', messages: 4000, sizeBytes: 40_000_000 },
        {
          name: 'Gesendete Objekte/Ärzte',
          messages: 300,
          sizeBytes: 20_000_000,
        },
      ],
    })),
    nextRuns: [
      {
        at: new Date(2026, 10, 24, 1, 0),
        type: 'differential',
        description: 'every night',
      },
      {
        at: new Date(2026, 10, 29, 1, 0),
        type: 'full',
        description: 'on Sunday',
      },
    ],
    freeBytes: 71_300_000_000,
    totalBytes: 250_000_000_000,
    ...changes,
  };
}
