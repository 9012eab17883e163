'use strict';

// Headers of the PROXY protocol, made by hand from its specification: what the tests compare ours with.

const net = require('net');
const { addressBytes } = require('../tls/verdicts/der');

const LINE = Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.2 5000 443\r\n');

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

/** A value of version 2. */
function tlv(type, value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.of(type, bytes.length >> 8, bytes.length & 0xff), bytes]);
}

function port(number) {
  return Buffer.of(number >> 8, number & 0xff);
}

function addresses({ source, destination, paths }) {
  if (paths) {
    return Buffer.concat(paths.map((path) => {
      const field = Buffer.alloc(108);
      field.write(path);
      return field;
    }));
  }
  if (!source) return Buffer.alloc(0);
  return Buffer.concat([addressBytes(source[0]), addressBytes(destination[0]), port(source[1]), port(destination[1])]);
}

/** CRC-32C, bit by bit. */
function crc32c(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
  }
  return ~sum >>> 0;
}

/**
 * A header of version 2: of `source` and `destination`, `[address, port]` each, of two `paths`, or of nothing;
 * `command` and `family` may be the bytes themselves.
 */
function binary({ command = 'PROXY', family, source, destination, paths, tlvs = [], checksum = false }) {
  const known = paths ? 0x31 : !source ? 0 : net.isIPv4(source[0]) ? 0x11 : 0x21;
  const values = checksum ? [...tlvs, tlv(0x03, Buffer.alloc(4))] : tlvs;
  const body = Buffer.concat([addresses({ source, destination, paths }), ...values]);
  const number = { PROXY: 0x21, LOCAL: 0x20 }[command] ?? command;
  const bytes = Buffer.concat([SIGNATURE, Buffer.of(number, family ?? known), port(body.length), body]);
  if (checksum) bytes.writeUInt32BE(crc32c(bytes), bytes.length - 4);
  return bytes;
}

module.exports = { LINE, binary, tlv };
