import { describe, expect, it } from 'vitest';
import { kms } from '../helpers/tools.js';

const HELP = /^USAGE\n {2}\$ kms-backup \w/m;

describe('a topic without a command', () => {
  it.each([
    [
      ['backup'],
      /^Error: backup does nothing by itself, it needs a command: copy, diff, full$/m,
    ],
    [['backup', '--full'], /^ {2}\* Did you mean kms-backup backup full\?$/m],
    [['backup', '--quiet'], /^Code: USAGE$/m],
    [['schedule', '-q'], /^ {2}schedule run /m],
    [['config'], /^ {2}config show /m],
    [['log', 'enable'], /^ {2}log enable store-backup /m],
    [['notify'], /^ {2}notify test /m],
  ])('%j ends with 2 and its help on stderr', (words, said) => {
    const { status, stdout, stderr } = kms(words);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(HELP);
    expect(stderr).toMatch(said);
  });

  it.each([
    ['--json', {}],
    ['--full', { KMS_BACKUP_JSON: '1' }],
  ])('gives programs an error document: backup %s %j', (flag, env) => {
    const { status, stdout, stderr } = kms(['backup', flag], { env });
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'kms-backup/error/1',
      exitCode: 2,
      error: { code: 'USAGE' },
    });
    expect(stderr).toMatch(HELP);
  });

  it('shows its help on stdout, with 0, to who asks for it', () => {
    const asked = kms(['backup', '--help']);
    expect(asked).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringMatching(HELP) as string,
    });
    expect(kms(['help', 'backup']).stdout).toBe(asked.stdout);
  });

  it('and a word that is none of its commands is answered with the nearest', () => {
    const { status, stderr } = kms(['backup', 'ful', '--quiet']);
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining('Did you mean kms-backup backup full?'),
    ]);
  });
});
