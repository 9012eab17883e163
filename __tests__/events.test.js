'use strict';

// The protocol between the engine and its owners: an event is a row of src/binding/events.rs and a method of an owner,
// or a function of lib/engine.js where it has no owner.

const fs = require('fs');
const path = require('path');
const { eventNames } = require('../lib/binding');

const LIB = path.join(__dirname, '..', 'lib');

const METHOD = /^ {2}\[(?:events\.)?(on[a-z]+)\]\(|^callbacks\.(on[a-z]+) = /gm;

/** The names of the methods for events in all files of lib/. */
function methods() {
  const files = fs.readdirSync(LIB, { recursive: true }).filter((name) => name.endsWith('.js'));
  const texts = files.map((name) => fs.readFileSync(path.join(LIB, name), 'utf8'));
  return texts.flatMap((text) => [...text.matchAll(METHOD)].map(([, method, own]) => method ?? own));
}

test('every event of the engine has a method, and every such method an event', () => {
  expect([...new Set(methods())].sort()).toEqual(eventNames().sort());
});
