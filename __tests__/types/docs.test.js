'use strict';

// docs/node-net.md: "each member of node:net and whether it is the same, better, or different and why".

const fs = require('fs');
const nodeNet = require('net');
const path = require('path');

const DOCS = fs.readFileSync(path.join(__dirname, '..', '..', 'docs', 'node-net.md'), 'utf8');

const ROWS = DOCS.split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| |') && !line.startsWith('| member'))
  .map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()));

/** The names that a class has itself, without those that are private. */
function own({ prototype }) {
  return Object.getOwnPropertyNames(prototype).filter((name) => !name.startsWith('_') && name !== 'constructor');
}

/** Whether there is a row for `name`, in code. */
function isThere(name) {
  return ROWS.some(([member]) => member.includes(`\`${name}\``) || member.includes(`\`${name}(`));
}

test('each row says which, and why if it is different', () => {
  expect(ROWS.length).toBeGreaterThan(50);
  for (const [member, which, why] of ROWS) {
    expect([member, ['same', 'better', 'different'].includes(which)]).toEqual([member, true]);
    expect([member, which === 'same' || why !== '']).toEqual([member, true]);
  }
});

test('every export of node:net has one', () => {
  const names = Object.keys(nodeNet).filter((name) => !name.startsWith('_'));
  expect(names.filter((name) => !isThere(`net.${name}`))).toEqual([]);
});

test('every member of net.Server and net.Socket has one', () => {
  expect(own(nodeNet.Server).filter((name) => !isThere(`server.${name}`))).toEqual([]);
  expect(own(nodeNet.Socket).filter((name) => !isThere(`socket.${name}`))).toEqual([]);
});
