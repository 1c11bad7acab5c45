import { describe, expect, it } from 'vitest';
import { parseIndexFld } from '../../src/mail/index-fld.js';

describe('parseIndexFld', () => {
  it('reads name, flags and time of each line', () => {
    const records = parseIndexFld(
      'U00000001 F80000001 S1133 D43032abf M4305f1b7 I0001 CIPM.Appointment\r\nU0000000A F80000016 S9 D43032abf\nU0000000b F0 S1\n',
    );
    expect([...records.keys()]).toEqual(['00000001', '0000000a', '0000000b']);
    expect(records.get('00000001')).toEqual({
      flags: {
        isSeen: true,
        isAnswered: false,
        isFlagged: false,
        isDraft: false,
      },
      receivedAt: new Date(0x43032abf * 1000),
    });
    expect(records.get('0000000a')?.flags).toEqual({
      isSeen: false,
      isAnswered: true,
      isFlagged: true,
      isDraft: true,
    });
    expect(records.get('0000000b')?.receivedAt).toBeUndefined();
  });

  it('passes over lines of another form and keeps the rest', () => {
    expect([
      ...parseIndexFld('\0garbage\nUxyz F1\nU1 F1 S1\nU00000002\n').keys(),
    ]).toEqual(['00000001']);
    expect(parseIndexFld('').size).toBe(0);
  });
});
