'use strict';

// RC2 in CBC mode (RFC 2268), decryption only: OpenSSL before version 3 encrypted the certificates of PKCS#12 archives
// with it, and Node's OpenSSL no longer has it. Certificates are public, so its weakness does no harm here.

const TABLE = Buffer.from(
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2' +
    '179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82' +
    '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626' +
    '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7' +
    '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec' +
    'c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9' +
    '0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad',
  'hex',
);

const BLOCK = 8;

/** The bits by which each of the four words of a block is rotated. */
const ROTATIONS = [1, 2, 3, 5];

/** Returns the plaintext without its padding, or null if the padding is wrong. */
function decryptRc2(data, key, iv) {
  if (data.length === 0 || data.length % BLOCK !== 0) return null;
  const keys = expand(key);
  const clear = Buffer.alloc(data.length);
  let before = iv;
  for (let at = 0; at < data.length; at += BLOCK) {
    const block = data.subarray(at, at + BLOCK);
    decryptBlock(block, keys).forEach((byte, i) => (clear[at + i] = byte ^ before[i]));
    before = block;
  }
  const padding = clear[clear.length - 1];
  const isPadded = padding >= 1 && padding <= BLOCK && clear.subarray(-padding).every((byte) => byte === padding);
  return isPadded ? clear.subarray(0, -padding) : null;
}

/** Expands a key, whose effective length is its length, to 64 words of 16 bits. */
function expand(key) {
  const bytes = Buffer.alloc(128);
  key.copy(bytes);
  for (let i = key.length; i < 128; i += 1) bytes[i] = TABLE[(bytes[i - 1] + bytes[i - key.length]) & 0xff];
  const first = 128 - key.length;
  bytes[first] = TABLE[bytes[first]];
  for (let i = first - 1; i >= 0; i -= 1) bytes[i] = TABLE[bytes[i + 1] ^ bytes[i + key.length]];
  return Array.from({ length: 64 }, (_, i) => bytes.readUInt16LE(2 * i));
}

function decryptBlock(block, keys) {
  const words = Array.from({ length: 4 }, (_, i) => block.readUInt16LE(2 * i));
  for (let round = 15; round >= 0; round -= 1) {
    unmix(words, keys, round);
    if (round === 11 || round === 5) unmash(words, keys);
  }
  const clear = Buffer.alloc(BLOCK);
  words.forEach((word, i) => clear.writeUInt16LE(word, 2 * i));
  return clear;
}

function unmix(words, keys, round) {
  for (let i = 3; i >= 0; i -= 1) {
    const turned = (words[i] >> ROTATIONS[i]) | (words[i] << (16 - ROTATIONS[i]));
    const [one, two, three] = [words[(i + 3) % 4], words[(i + 2) % 4], words[(i + 1) % 4]];
    words[i] = (turned - keys[4 * round + i] - (one & two) - (~one & three)) & 0xffff;
  }
}

function unmash(words, keys) {
  for (let i = 3; i >= 0; i -= 1) words[i] = (words[i] - keys[words[(i + 3) % 4] & 63]) & 0xffff;
}

module.exports = { decryptRc2 };
