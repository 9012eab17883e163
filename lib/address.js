'use strict';

// net.isIP of the contract.

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

module.exports = { isIP, isIPv4, isIPv6 };
