import type { Dice } from './dice.js';

/** A sample message: what stands in its `.eml` file, and when the mail server stored it. */
export interface SampleMessage {
  readonly text: string;
  readonly storedAt: Date;
}

const PEOPLE = [
  'Alice Novak <alice@example.com>',
  'Bob Dvorak <bob@example.com>',
  'Erik Berg <erik@example.org>',
];
const TOPICS = [
  'Offer',
  'Invoice',
  'Meeting',
  'Holiday plan',
  'Server room',
  'Price list',
  'Lunch',
  'New printer',
];
const WORDS = (
  'please find attached the figures we spoke about on Monday they are not final yet but show where the year is going ' +
  'could you have a look before the meeting and tell me whether the second table is right many thanks and kind regards'
).split(' ');
/** 2024-03-04 07:00 UTC: every sample message is later than that. */
const FIRST_STORED_MS = Date.UTC(2024, 2, 4, 7);

/** Message number `index` of a sample server: about one in eight has an attachment of up to 60 KB in base64. */
export function sampleMessage(dice: Dice, index: number): SampleMessage {
  const storedAt = new Date(
    FIRST_STORED_MS + index * 5_400_000 + dice.int(0, 5_399_999),
  );
  const subject = `${dice.pick(TOPICS)} ${String(dice.int(100, 999))}`;

  const header = [
    `Return-Path: <sender${String(index)}@example.net>`,
    `Received: from mx.example.net ([192.0.2.${String(dice.int(1, 254))}]) by mail.example.com; ${rfc5322(storedAt)}`,
    `Message-ID: <${String(storedAt.getTime())}.${String(index)}@example.net>`,
    `Date: ${rfc5322(storedAt)}`,
    `From: ${dice.pick(PEOPLE)}`,
    `To: ${dice.pick(PEOPLE)}`,
    `Subject: ${index % 9 === 0 ? `=?utf-8?B?${Buffer.from(`Grüße: ${subject}`).toString('base64')}?=` : subject}`,
    'MIME-Version: 1.0',
  ];

  const body = paragraphs(dice);

  const lines =
    index % 8 === 3
      ? withAttachment(dice, header, body)
      : [...header, TEXT_TYPE, '', ...body];

  return { text: `${lines.join('\r\n')}\r\n`, storedAt };
}

const TEXT_TYPE = 'Content-Type: text/plain; charset=utf-8';

function withAttachment(
  dice: Dice,
  header: readonly string[],
  body: readonly string[],
): string[] {
  const boundary = `=_next_${String(dice.int(1e6, 9e6))}`;
  const base64 = dice.bytes(dice.int(2_000, 45_000)).toString('base64');

  return [
    ...header,
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    TEXT_TYPE,
    '',
    ...body,
    `--${boundary}`,
    'Content-Type: image/jpeg; name="picture.jpg"',
    'Content-Transfer-Encoding: base64',
    'Content-Disposition: attachment; filename="picture.jpg"',
    '',
    ...(base64.match(/.{1,76}/g) ?? []),
    `--${boundary}--`,
  ];
}

function paragraphs(dice: Dice): string[] {
  const lines: string[] = [];
  for (let line = dice.int(3, 40); line > 0; line--) {
    lines.push(
      Array.from({ length: dice.int(4, 12) }, () => dice.pick(WORDS)).join(' '),
    );
  }

  return lines;
}

/** `Mon, 04 Mar 2024 07:00:00 +0000`. */
function rfc5322(time: Date): string {
  return time.toUTCString().replace('GMT', '+0000');
}
