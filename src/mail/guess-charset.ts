import { TextDecoder } from 'node:util';

/**
 * The charset of bytes that nobody declared, guessed as mail clients do: escape sequences, valid UTF-8, and then what
 * reads as some language. Two charsets that read alike are told by the letters that languages have. Pure.
 */

/** Letters beyond ASCII of languages that one charset serves, in lower case, by charset; the first that reads best wins. */
const ALPHABETS: readonly (readonly [
  charset: string,
  alphabets: readonly string[],
])[] = [
  [
    'windows-1252',
    [
      'äöüß',
      'éèêëàâçùûüîïôœæ',
      'áéíóúüñ',
      'ãõçáéíóúâêôà',
      'åäöé',
      'æøåé',
      'àèéìòù',
      'áéíóúýþæöð',
      'ëéèïöüáíó',
    ],
  ],
  [
    'windows-1250',
    [
      'áčďéěíňóřšťúůýž',
      'áäčďéíĺľňóôŕšťúýž',
      'ąćęłńóśźż',
      'áéíóöőúüű',
      'čćđšž',
      'ăâîşţ',
    ],
  ],
  ['iso-8859-2', ['áčďéěíňóřšťúůýž', 'ąćęłńóśźż', 'áéíóöőúüű']],
  ['windows-1257', ['ąčęėįšųūž', 'āčēģīķļņšūž', 'äõöüšž']],
  ['windows-1254', ['çğıöşü']],
];
const CYRILLIC = ['koi8-r', 'windows-1251', 'iso-8859-5', 'ibm866', 'koi8-u'];
/** Letters of Russian, the commonest first; those of its neighbours are rarer. */
const RUSSIAN = 'оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё';
const ASIAN = ['euc-jp', 'shift_jis', 'euc-kr', 'gb18030', 'big5'];
const OTHER_SCRIPTS: readonly (readonly [charset: string, script: RegExp])[] = [
  ['windows-1253', /\p{Script=Greek}/gu],
  ['windows-1255', /\p{Script=Hebrew}/gu],
  ['windows-1256', /\p{Script=Arabic}/gu],
];
/** More of a text tells no more about its charset. */
const SAMPLE_BYTES = 4096;
const GOOD_ENOUGH = 0.55;
const JIS = /\x1b(?:\$[@B]|\([JI]|\$\()/;

/** @returns a label that TextDecoder knows; undefined for plain ASCII */
export function guessCharset(bytes: Buffer): string | undefined {
  const raw = bytes.toString('latin1');
  if (!/[\x80-\xff]/.test(raw)) {
    return JIS.test(raw) ? 'iso-2022-jp' : undefined;
  }

  if (read('utf-8', bytes) !== undefined) return 'utf-8';
  const sample = bytes.subarray(0, SAMPLE_BYTES);
  return bestOf(sample) ?? 'windows-1252';
}

function bestOf(bytes: Buffer): string | undefined {
  // Western and Central European texts are plain ASCII but for a letter here and there.
  const latin = highest(
    ALPHABETS.map(([charset, alphabets]) => {
      const text = read(charset, bytes) ?? '';
      return [
        charset,
        Math.max(...alphabets.map((letters) => coverage(text, letters))) -
          oddShare(text),
      ];
    }),
  );

  if (latin?.[1] === 1 && isSparse(bytes)) return latin[0];

  // Three strange letters in a row are no Western text unless all of them are.
  const dense = latin && ([latin[0], latin[1] ** 2] as [string, number]);

  const best = highest([
    ...(dense ? [dense] : []),
    ...scoreOtherScripts(bytes),
  ]);

  return best && best[1] >= GOOD_ENOUGH ? best[0] : latin?.[0];
}

function scoreOtherScripts(bytes: Buffer): [string, number][] {
  const others = OTHER_SCRIPTS.map(([charset, script]): [string, number] => {
    const text = read(charset, bytes) ?? '';
    return [charset, 0.8 * shareOf(text, script) - oddShare(text)];
  });

  return [
    ...CYRILLIC.map((charset): [string, number] => [
      charset,
      russianness(read(charset, bytes) ?? ''),
    ]),
    ...ASIAN.map((charset): [string, number] => {
      return [
        charset,
        asianness(readCut(charset, bytes) ?? '', charset.startsWith('gb')),
      ];
    }),
    ...others,
  ];
}

/** The first of the highest. */
function highest(
  scores: readonly [string, number][],
): [string, number] | undefined {
  return scores.reduce<[string, number] | undefined>(
    (best, own) => (best && best[1] >= own[1] ? best : own),
    undefined,
  );
}

function isSparse(bytes: Buffer): boolean {
  return !/[\x80-\xff]{3}/.test(bytes.toString('latin1'));
}

/** How much of what is not ASCII are letters of an alphabet. */
function coverage(text: string, letters: string): number {
  return shareOf(
    text.toLowerCase(),
    new RegExp(`[${letters}„“”‚‘’–—…€§°«»©\\u00a0]`, 'g'),
  );
}

function shareOf(text: string, pattern: RegExp): number {
  const strange = text.match(/[^\x00-\x7f]/gu)?.length ?? 0;
  return strange === 0
    ? 0
    : (text.match(pattern)?.filter((found) => found > '\x7f').length ?? 0) /
        strange;
}

/** Cyrillic letters, common ones more than rare ones, in words that are written as words are. */
function russianness(text: string): number {
  const strange = text.match(/[^\x00-\x7f]/gu) ?? [];
  const weight = strange.reduce(
    (sum, letter) => sum + letterWeight(letter.toLowerCase()),
    0,
  );
  return strange.length === 0 ? 0 : weight / strange.length - oddShare(text);
}

/** How many words have a capital behind a small letter: a text in another charset than it is read in is full of them. */
function oddShare(text: string): number {
  const words = (text.match(/\p{L}+/gu) ?? []).filter((word) =>
    /[^\x00-\x7f]/.test(word),
  );
  const odd = words.filter((word) => /\p{Ll}\p{Lu}/u.test(word)).length;
  return odd / Math.max(1, words.length);
}

function letterWeight(letter: string): number {
  const rank = RUSSIAN.indexOf(letter);
  if (rank >= 0) return 1 - rank / (2 * RUSSIAN.length);
  return /\p{Script=Cyrillic}/u.test(letter) ? 0.3 : 0;
}

/** Kana and Hangul are sure; ideographs alone are most likely Chinese, since Japanese is not written without kana. */
function asianness(text: string, isChinese: boolean): number {
  const kana = shareOf(text, /[\u3041-\u3096\u30a1-\u30fc]/g);
  const hangul = shareOf(text, /[\uac00-\ud7a3]/g);
  const ideographs = shareOf(text, /[\u4e00-\u9fff]/g);
  if (kana > 0.1) return kana + ideographs;

  return Math.max(
    hangul * 0.9,
    (isChinese ? 0.62 : 0.58) * (ideographs + kana),
  );
}

function read(charset: string, bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** A sample may end within a character. */
function readCut(charset: string, bytes: Buffer): string | undefined {
  for (const less of [0, 1, 2, 3]) {
    const text = read(
      charset,
      bytes.subarray(0, Math.max(0, bytes.length - less)),
    );

    if (text !== undefined || bytes.length < SAMPLE_BYTES) return text;
  }

  return undefined;
}
