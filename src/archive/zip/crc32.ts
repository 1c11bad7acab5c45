/** CRC-32 of joined pieces, from the CRC-32 of each: multiplication of polynomials over GF(2). Pure. */

const POLYNOMIAL = 0xedb88320;

/** a(x) · b(x) modulo the CRC's polynomial; bit 31 is x^0. */
function multiply(a: number, b: number): number {
  let product = 0;
  let power = b;

  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if (a & bit) product ^= power;
    power = power & 1 ? (power >>> 1) ^ POLYNOMIAL : power >>> 1;
  }

  return product >>> 0;
}

/** x^(8 · bytes) modulo the polynomial, by squaring. */
function powerOfBytes(bytes: number): number {
  let result = 0x80000000;
  let square = 0x00800000; // x^8

  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiply(square, result);
    square = multiply(square, square);
  }

  return result;
}

/** The CRC-32 of A followed by B, where B is `secondBytes` long. */
export function combineCrc32(
  first: number,
  second: number,
  secondBytes: number,
): number {
  return (multiply(powerOfBytes(secondBytes), first) ^ second) >>> 0;
}
