import { TextDecoder } from 'node:util';

/**
 * Guesses the charset of undeclared text, as mail clients do: by escape sequences, by valid UTF-8, and then by the letters
 * of languages, which distinguish two charsets that both give letters. Pure.
 */

/** Letters beyond ASCII of the languages of each charset, in lower case. The first of the charsets that fit best wins. */
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
/** Letters of Russian, the commonest first. */
const RUSSIAN = 'оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё';
const ASIAN = ['euc-jp', 'shift_jis', 'euc-kr', 'gb18030', 'big5'];
const OTHER_SCRIPTS: readonly (readonly [charset: string, script: RegExp])[] = [
  ['windows-1253', /\p{Script=Greek}/gu],
  ['windows-1255', /\p{Script=Hebrew}/gu],
  ['windows-1256', /\p{Script=Arabic}/gu],
];
/** A longer sample gives no better guess. */
const SAMPLE_BYTES = 4096;
const GOOD_ENOUGH = 0.55;
const JIS = /\x1b(?:\$[@B]|\([JI]|\$\()/;

/** @returns a label that TextDecoder knows; undefined for plain ASCII */
export function guessCharset(bytes: Buffer): string | undefined {
  const raw = bytes.toString('latin1');
  if (!/[\x80-\xff]/.test(raw)) {
    return JIS.test(raw) ? 'iso-2022-jp' : undefined;
  }

  if (read('utf-8', bytes) !== undefined || isMostlyUtf8(bytes)) return 'utf-8';

  const sample = bytes.subarray(0, SAMPLE_BYTES);
  return bestOf(sample) ?? 'windows-1252';
}

/** Says whether text is UTF-8 with a few bytes that are none, such as a character that was cut. */
function isMostlyUtf8(bytes: Buffer): boolean {
  const strange = bytes.toString('utf8').match(/[^\x00-\x7f]/gu) ?? [];
  const broken = strange.filter((character) => character === '\ufffd').length;

  return strange.length > 2 * broken;
}

function bestOf(bytes: Buffer): string | undefined {
  // Western and Central European texts are plain ASCII, with a few other letters.
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

  // Three letters beyond ASCII in a row are Western text only where all letters fit: the square lowers other scores.
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

/** Returns the charset of the highest score, and the first of several. */
function highest(
  scores: readonly [string, number][],
): [string, number] | undefined {
  return scores.reduce<[string, number] | undefined>(
    (best, score) => (best && best[1] >= score[1] ? best : score),
    undefined,
  );
}

function isSparse(bytes: Buffer): boolean {
  return !/[\x80-\xff]{3}/.test(bytes.toString('latin1'));
}

/** Returns the share of an alphabet's letters in the characters beyond ASCII. */
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
    : (text.match(pattern)?.filter((letter) => letter > '\x7f').length ?? 0) /
        strange;
}

/** Rates Cyrillic letters, common ones higher than rare ones, and words with odd capitals lower. */
function russianness(text: string): number {
  const strange = text.match(/[^\x00-\x7f]/gu) ?? [];
  const weight = strange.reduce(
    (sum, letter) => sum + letterWeight(letter.toLowerCase()),
    0,
  );
  return strange.length === 0 ? 0 : weight / strange.length - oddShare(text);
}

/** Returns the share of words with a capital behind a small letter: text that is read in a wrong charset is full of them. */
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

/** Rates Asian scripts: kana and Hangul are certain, and ideographs alone are most likely Chinese, as Japanese has kana. */
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

/** Reads a sample, which may end within a character. */
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
