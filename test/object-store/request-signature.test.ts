import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  type SignedRequest,
  amzDate,
  authorizationOf,
} from '../../src/object-store/request-signature.js';

/** The examples of AWS's reference of S3, "Signature calculations for the authorization header". */
const S3_EXAMPLES: readonly [string, Partial<SignedRequest>, string][] = [
  [
    'a range of an object',
    { path: '/test.txt', headers: { range: 'bytes=0-9' } },
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  ],
  [
    'an object that is stored',
    {
      method: 'PUT',
      path: '/test%24file.text',
      headers: {
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      },
      bodySha256: sha256('Welcome to Amazon S3.'),
    },
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  ],
  [
    'a parameter without a value',
    { query: { lifecycle: '' } },
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  ],
  [
    'a list',
    { query: { 'max-keys': '2', prefix: 'J' } },
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  ],
];

/** Of AWS's test suite for Signature Version 4. */
const SUITE: readonly [string, Partial<SignedRequest>, string][] = [
  [
    'get-vanilla',
    {},
    '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  ],
  [
    'get-vanilla-query-order-key-case',
    { query: { Param2: 'value2', Param1: 'value1' } },
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'post-vanilla',
    { method: 'POST' },
    '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  ],
];

describe('the signature of a request', () => {
  it.each(S3_EXAMPLES)(
    "is that of AWS's example for S3: %s",
    (_, given, expected) => {
      const at = new Date('2013-05-24T00:00:00Z');
      const bodySha256 = given.bodySha256 ?? sha256('');
      const signed = authorizationOf(
        {
          method: given.method ?? 'GET',
          path: given.path ?? '/',
          query: given.query ?? {},
          headers: {
            host: 'examplebucket.s3.amazonaws.com',
            'x-amz-content-sha256': bodySha256,
            'x-amz-date': amzDate(at),
            ...given.headers,
          },
          bodySha256,
        },
        {
          accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
          secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
        },
        { region: 'us-east-1', service: 's3', at },
      );

      expect(signed.split('Signature=')[1]).toBe(expected);
    },
  );

  it.each(SUITE)("is that of AWS's test suite: %s", (_, given, expected) => {
    const at = new Date('2015-08-30T12:36:00Z');
    const signed = authorizationOf(
      {
        method: 'GET',
        path: '/',
        query: {},
        bodySha256: sha256(''),
        ...given,
        headers: { host: 'example.amazonaws.com', 'x-amz-date': amzDate(at) },
      },
      {
        accessKeyId: 'AKIDEXAMPLE',
        secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
      },
      { region: 'us-east-1', service: 'service', at },
    );

    expect(signed).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${expected}`,
    );
  });
});

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
