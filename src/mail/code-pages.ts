/**
 * Charsets of one byte a character that TextDecoder lacks in some version of Node, or reads wrongly: the code pages of DOS,
 * ISO 8859-16, and windows-1252, of which Node 20 takes 0x80 to 0x9f for control characters. Pure.
 */

/** The characters of a charset from one byte on; the bytes before it, and those behind its characters, are Latin-1. */
interface CodePage {
  readonly first: number;
  readonly characters: string;
}

const WINDOWS_1252 = ['€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f', '\x90‘’“”•–—˜™š›œ\x9džŸ'];
const IBM_437 = [
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ',
  'áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐',
  '└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀',
  'αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0',
];
const IBM_850 = [
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ',
  'áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐',
  '└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀',
  'ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0',
];
const IBM_852 = [
  'ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×č',
  'áíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐',
  '└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀',
  'ÓßÔŃńňŠšŔÚŕŰýÝţ´\u00ad˝˛ˇ˘§÷¸°¨˙űŘř■\u00a0',
];
const ISO_8859_16 = [
  '\u00a0ĄąŁ€„Š§š©Ș«Ź\u00adźŻ°±ČłŽ”¶·žčș»ŒœŸż',
  'ÀÁÂĂÄĆÆÇÈÉÊËÌÍÎÏĐŃÒÓÔŐÖŚŰÙÚÛÜĘȚß',
  'àáâăäćæçèéêëìíîïđńòóôőöśűùúûüęțÿ',
];

const PAGES: Readonly<Record<string, CodePage>> = {
  'windows-1252': { first: 0x80, characters: WINDOWS_1252.join('') },
  ibm437: { first: 0x80, characters: IBM_437.join('') },
  ibm850: { first: 0x80, characters: IBM_850.join('') },
  ibm852: { first: 0x80, characters: IBM_852.join('') },
  ibm858: {
    first: 0x80,
    characters: IBM_850.join('').replace('ı', '€'),
  },
  'iso-8859-16': { first: 0xa0, characters: ISO_8859_16.join('') },
};

/** Says whether a charset is one of these code pages. */
export function isCodePage(charset: string): boolean {
  return Object.hasOwn(PAGES, charset);
}

/** Decodes text of one of these code pages. */
export function decodeCodePage(charset: string, bytes: Buffer): string {
  const { first = 0, characters = '' } = PAGES[charset] ?? {};

  return bytes
    .toString('latin1')
    .replace(
      /[\x80-\xff]/g,
      (byte) => characters[byte.charCodeAt(0) - first] ?? byte,
    );
}
