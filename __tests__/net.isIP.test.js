'use strict';

// Sections "net.isIP", "net.isIPv4" and "net.isIPv6" of the `net` page.

const nodeNet = require('net');
const net = require('..');

const V4 = ['0.0.0.0', '127.0.0.1', '255.255.255.255', '74.125.127.100', '1.2.3.4'];
const V6 = [
  '::',
  '::1',
  '1::',
  '2001:4860:a005::68',
  '2001:252:0:1::2008:6',
  '::ffff:127.0.0.1',
  '::127.0.0.1',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:1.2.3.4',
  'FE80::A',
  'fe80::1%lo',
  'fe80::1%0',
  '0:0:0:0:0:0:0:0',
];
const NEITHER = [
  '',
  ' ',
  'x1.2.3.4',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '1.2.3.4 ',
  ' 1.2.3.4',
  '01.2.3.4',
  '1.2.3.04',
  '1.2.3.4\0',
  '0x7f.0.0.1',
  '2130706433',
  '1..3.4',
  'localhost',
  'example.com',
  ':::',
  '1::2::3',
  '::12345',
  '::g',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::8:9',
  '[::1]',
  '::1/64',
  '::1%',
  '%lo',
  '::ffff:1.2.3',
  '::ffff:1.2.3.256',
  '1.2.3.4%lo',
  '１.2.3.4',
];

/** What the page is silent on: what is no string. */
const NO_STRINGS = [undefined, null, true, 0, 127, {}, [], () => {}, NaN, { toString: () => '127.0.0.1' }, ['::1']];

describe('net.isIP(input)', () => {
  test.each(NEITHER)('"Returns 0 for invalid strings": %j', (input) => {
    expect(net.isIP(input)).toBe(0);
    expect(net.isIP(input)).toBe(nodeNet.isIP(input));
  });

  test.each(V4)('"returns 4 for IP version 4 addresses": %j', (input) => {
    expect(net.isIP(input)).toBe(4);
  });

  test.each(V6)('"returns 6 for IP version 6 addresses": %j', (input) => {
    expect(net.isIP(input)).toBe(6);
  });

  test('what is no string is judged as node:net judges it', () => {
    expect(NO_STRINGS.map((input) => net.isIP(input))).toEqual(NO_STRINGS.map((input) => nodeNet.isIP(input)));
    expect(net.isIP()).toBe(0);
  });

  test('a very long string is none', () => {
    expect(net.isIP('1'.repeat(1_000_000))).toBe(0);
    expect(net.isIP(`${'0:'.repeat(500_000)}1`)).toBe(0);
  });
});

describe('net.isIPv4(input)', () => {
  test('"Returns true if input is a version 4 IP address, otherwise returns false."', () => {
    for (const input of V4) expect([input, net.isIPv4(input)]).toEqual([input, true]);
    for (const input of [...V6, ...NEITHER, undefined]) expect([input, net.isIPv4(input)]).toEqual([input, false]);
  });
});

describe('net.isIPv6(input)', () => {
  test('"Returns true if input is a version 6 IP address, otherwise returns false."', () => {
    for (const input of V6) expect([input, net.isIPv6(input)]).toEqual([input, true]);
    for (const input of [...V4, ...NEITHER, undefined]) expect([input, net.isIPv6(input)]).toEqual([input, false]);
  });
});
