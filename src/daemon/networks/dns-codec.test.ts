import { expect, test } from 'vitest';
import { decodeQuestion, encodeQuery, encodeResponse, recordTypes, reverseAddress } from './dns-codec.ts';
import { frameTcpMessage, TcpMessageReader } from './dns-forwarder.ts';

test('a query is read, lower case', () => {
  const question = decodeQuestion(encodeQuery({ id: 0x1234, name: 'Web.App', type: recordTypes.a }));
  expect(question).toMatchObject({ id: 0x1234, name: 'web.app', type: 1, class: 1, recursionDesired: true });
});

test('the answer repeats the question as it was sent and points to its name', () => {
  const question = decodeQuestion(encodeQuery({ id: 1, name: 'WeB', type: recordTypes.a }));
  if (question === undefined) return expect.unreachable();
  const answers = [{ type: recordTypes.a, data: Uint8Array.of(172, 18, 0, 2) }];
  const message = encodeResponse(question, { code: 0, answers, ttlSeconds: 600, maxBytes: 512 });
  expect(message.readUInt16BE(2)).toBe(0x8180);
  expect(message.readUInt16BE(6)).toBe(1);
  expect(message.includes('WeB')).toBe(true);
  expect([...message.subarray(-16)]).toEqual([0xc0, 12, 0, 1, 0, 1, 0, 0, 2, 88, 0, 4, 172, 18, 0, 2]);
});

test('answers that do not fit are left out and the message says so', () => {
  const question = decodeQuestion(encodeQuery({ id: 1, name: 'many', type: recordTypes.a }));
  if (question === undefined) return expect.unreachable();
  const answers = Array.from({ length: 100 }, () => ({ type: recordTypes.a, data: Uint8Array.of(1, 2, 3, 4) }));
  const message = encodeResponse(question, { code: 0, answers, ttlSeconds: 1, maxBytes: 512 });
  expect(message.length).toBeLessThanOrEqual(512);
  expect(message.readUInt16BE(2) & 0x0200).toBe(0x0200);
});

test('a client says how long datagrams may be (EDNS); without a word 512 bytes hold', () => {
  const query = encodeQuery({ id: 1, name: 'many', type: recordTypes.a });
  expect(decodeQuestion(query)?.maxDatagramBytes).toBe(512);
  const withSize = (bytes: number) => {
    const message = Buffer.concat([query, Buffer.from([0, 0, 41, bytes >> 8, bytes & 0xff, 0, 0, 0, 0, 0, 0])]);
    message.writeUInt16BE(1, 10);
    return decodeQuestion(message)?.maxDatagramBytes;
  };
  expect([withSize(1232), withSize(100), withSize(65_535)]).toEqual([1232, 512, 4096]);
});

test('what is no plain query is refused', () => {
  const query = encodeQuery({ id: 1, name: 'web', type: 1 });
  const response = Buffer.from(query);
  response[2] = 0x81;
  const pointer = Buffer.from(query);
  pointer[12] = 0xc0;
  const endless = Buffer.concat([query.subarray(0, 12), Buffer.alloc(600, 1)]);
  for (const wrong of [Buffer.alloc(0), query.subarray(0, 14), response, pointer, endless]) {
    expect(decodeQuestion(wrong)).toBeUndefined();
  }
});

test('reverse names of both families', () => {
  expect(reverseAddress('2.0.17.172.in-addr.arpa')).toEqual(Uint8Array.of(172, 17, 0, 2));
  const nibbles = `2.${'0.'.repeat(29)}d.f.ip6.arpa`;
  expect(reverseAddress(nibbles)?.[0]).toBe(0xfd);
  expect(reverseAddress('999.0.0.1.in-addr.arpa')).toBeUndefined();
  expect(reverseAddress('web')).toBeUndefined();
});

test('messages over TCP are put together from any pieces', () => {
  const stream = Buffer.concat([frameTcpMessage(Buffer.from('one')), frameTcpMessage(Buffer.from('three'))]);
  const reader = new TcpMessageReader();
  const messages = [...stream].flatMap((byte) => reader.push(Uint8Array.of(byte)));
  expect(messages.map(String)).toEqual(['one', 'three']);
});
