'use strict';

// net.isIP of the contract, and addresses as text.

const binding = require('./binding');

/**
 * Tests if input is an IP address.
 *
 * @param {string} input
 * @returns {0 | 4 | 6} 0 for invalid strings, 4 for IP version 4 addresses, and 6 for IP version 6 addresses
 */
function isIP(input) {
  return typeof input === 'symbol' ? 0 : binding.isIP(`${input}`);
}

/**
 * @param {string} input
 * @returns {boolean} true if input is a version 4 IP address
 */
function isIPv4(input) {
  return isIP(input) === 4;
}

/**
 * @param {string} input
 * @returns {boolean} true if input is a version 6 IP address
 */
function isIPv6(input) {
  return isIP(input) === 6;
}

/** The text of `{ address, port }`, or of the path of a UNIX socket, which need not have one. */
function showEnd(end) {
  if (typeof end === 'string' && end !== '') return end;
  if (typeof end !== 'object' || end === null) return 'UNIX';
  return `${end.address.includes(':') ? `[${end.address}]` : end.address}:${end.port}`;
}

module.exports = { isIP, isIPv4, isIPv6, showEnd };
