'use strict';

// Options of the kernel that a program sets by name or by number: what they may be. The engine has the table of the
// names (src/socket/named_options.rs), and says which numbers are not for programs.
//
// A checked option is a `setting` for the engine: `{ name, level, number, value }`.

const { bytesOf, validateBoolean, validateInteger, validateObject, validateString } = require('./arguments');
const { isOptionAllowed, socketOptionTypes } = require('./binding');
const errors = require('./errors');
const { readOptions } = require('./options');

const TYPES = new Map(socketOptionTypes().map((type) => [type.name, type]));

/** The key of `socketOptions` for options by number. */
const NUMBERED = 'numbered';

/** C's `int`, also as an unsigned number. */
const [MIN_INT, MAX_INT, MAX_UNSIGNED] = [-(2 ** 31), 2 ** 31 - 1, 2 ** 32 - 1];

function typeOf(name) {
  validateString(name, 'name');
  if (!TYPES.has(name)) {
    throw errors.invalidArgumentValue('name', name, `must be one of: ${[...TYPES.keys()].join(', ')}`);
  }
  return TYPES.get(name);
}

/** Checks `setOption(name, value)`; `argument` names the value in errors. */
function namedSetting(name, value, argument = 'value') {
  const { type, least, most } = typeOf(name);
  if (type === 'number') validateInteger(value, argument, least, most);
  else if (type === 'boolean') validateBoolean(value, argument);
  else validateString(value, argument);
  if (type === 'string' && value.includes('\0')) {
    throw errors.invalidArgumentValue(argument, value, 'must be a string without null bytes');
  }
  const given = type === 'boolean' ? Number(value) : value;
  return { __proto__: null, name, level: undefined, number: undefined, value: given };
}

/** Checks `level` and `number` of an option. */
function validateNumbers(level, number) {
  validateInteger(level, 'level', MIN_INT, MAX_INT);
  validateInteger(number, 'name', MIN_INT, MAX_INT);
  if (!isOptionAllowed(level, number)) {
    throw errors.invalidArgumentValue('name', number, `of level ${level} can't be used: it is unknown, or not safe here`);
  }
}

/** Checks `setOption(level, number, value)`. */
function numberedSetting(level, number, value) {
  validateNumbers(level, number);
  if (typeof value === 'number') validateInteger(value, 'value', MIN_INT, MAX_UNSIGNED);
  else if (!ArrayBuffer.isView(value)) throw errors.invalidArgumentType('value', ['number', 'Buffer', 'TypedArray'], value);
  const given = typeof value === 'number' ? value : Buffer.from(bytesOf(value, 'value'));
  return { __proto__: null, name: undefined, level, number, value: given };
}

/**
 * Checks the option `socketOptions` of a socket that is to be a `role`, 'connection' or 'listener'; a bound one may
 * become either (`null`). Returns a list of settings; undefined without any.
 */
function readSocketOptions(given, role) {
  if (given === undefined || given === null) return undefined;
  validateObject(given, 'options.socketOptions');
  for (const name of Object.keys(given)) {
    if (TYPES.has(name) || name === NUMBERED) continue;
    const reason = `must have no other keys than ${[...TYPES.keys(), NUMBERED].join(', ')}`;
    throw errors.invalidArgumentValue('options.socketOptions', given, reason);
  }
  const { [NUMBERED]: numbered, ...named } = readOptions(given, [...TYPES.keys(), NUMBERED]);
  const settings = [];
  for (const [name, value] of Object.entries(named)) {
    if (value === undefined) continue;
    settings.push(namedSetting(name, value, `options.socketOptions.${name}`));
    const { owner } = TYPES.get(name);
    if (role !== null && owner !== 'any' && owner !== role) {
      throw errors.invalidArgumentValue(`options.socketOptions.${name}`, value, `is only for a ${owner}`);
    }
  }
  if (numbered === undefined) return settings.length > 0 ? settings : undefined;
  if (!Array.isArray(numbered) || !numbered.every(Array.isArray)) {
    const reason = 'must be a list of [level, number, value]';
    throw errors.invalidArgumentValue(`options.socketOptions.${NUMBERED}`, numbered, reason);
  }
  settings.push(...numbered.map((entry) => numberedSetting(...entry)));
  return settings.length > 0 ? settings : undefined;
}

/** What tells a setting from others: a later one for the same option takes its place. */
function keyOf({ name, level, number }) {
  return name ?? `${level}:${number}`;
}

module.exports = { keyOf, namedSetting, numberedSetting, readSocketOptions, typeOf, validateNumbers };
