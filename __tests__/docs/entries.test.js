'use strict';

// docs/api: the pages of the entries that stand for modules of Node. Every export and every member that Node has is
// there, with what is the same, better, or different and why; and what ours has beside.

const path = require('path');
const nodeNet = require('net');
const nodeTls = require('tls');
const ours = require('../../node');
const oursTls = require('../../tls');
const { FOLDER, itemsOf, sectionsOf } = require('./reference');
const { page } = require('./sources');

const ENTRIES = {
  'node.md': { module: ours, prefix: 'net' },
  'tls.md': { module: oursTls, prefix: 'tls' },
};

const sectionsIn = (name) => sectionsOf(page(path.join(FOLDER, name)));

/** The names in the titles of a page after `prefix.`, such as `connect` of `net.connect()`. */
function namesIn(name, prefix) {
  const pattern = new RegExp(`\`(?:new )?${prefix}\\.(\\w+)`);
  return new Set(sectionsIn(name).flatMap(({ title }) => pattern.exec(title)?.[1] ?? []));
}

/** Exports that not every version of Node has. */
const NOT_EVERYWHERE = [
  'createSecurePair',
  'getCACertificates',
  'getCertificateCompressionAlgorithms',
  'setDefaultCACertificates',
];

test.each(Object.entries(ENTRIES))('%s has every export of its entry, and no other', (name, { module, prefix }) => {
  const exported = Object.keys(module).filter((key) => !key.startsWith('_'));
  expect(exported.length).toBeGreaterThan(10);
  const listed = [...namesIn(name, prefix)];
  expect(exported.filter((key) => !listed.includes(key))).toEqual([]);
  expect(listed.filter((key) => !exported.includes(key) && !NOT_EVERYWHERE.includes(key))).toEqual([]);
});

test.each(['http', 'https'])('http.md has what rust-net/%s has of its own, and no more', (name) => {
  const [theirs, own] = [require(name), require(`../../${name}`)];
  const different = Object.keys(own).filter((key) => own[key] !== theirs[key]);
  expect([...namesIn('http.md', name)].sort()).toEqual(different.sort());
});

test('http.md has what rust-net/register exports', () => {
  const [, listed] = /module\.exports = \{ (.*) \};/.exec(page('register.js'));
  const titles = sectionsIn('http.md').map(({ title }) => title);
  for (const [name] of listed.matchAll(/\w+(?=:)/g)) expect(titles).toContain(`\`${name}()\``);
});

/** The public names that a class has itself. */
function own({ prototype }) {
  return Object.getOwnPropertyNames(prototype).filter((name) => !name.startsWith('_') && name !== 'constructor');
}

/** Members that are explained in the section of another. */
const BESIDE = ['cork', 'uncork', 'read', 'pipe', 'unpipe', 'on', 'addListener', 'prependListener', 'removeAllListeners'];

test.each([
  ['server', nodeTls.Server, oursTls.Server],
  ['socket', nodeTls.TLSSocket, oursTls.TLSSocket],
])('tls.md has every member of a %s that node:tls has, and no other', (prefix, Theirs, Ours) => {
  const listed = [...namesIn('tls.md', prefix)];
  // Deprecated, and gone in later versions.
  const members = [...own(Theirs), ...own(Ours)].filter((name) => name !== 'connect' && name !== 'setOptions');
  expect(members.filter((name) => !listed.includes(name))).toEqual([]);
  const instance = prefix === 'socket' ? new Ours(undefined) : {};
  expect(listed.filter((name) => !members.includes(name) && !(name in instance))).toEqual([]);
});

test('what tls.md says of a member is what the table in node-tls.md says', () => {
  const tables = sectionsOf(page('docs/node-tls.md'));
  const members = sectionsIn('tls.md').filter(({ title }) => /^`(?:socket|server)\.|^Event/.test(title));
  expect(members.length).toBeGreaterThan(40);
  for (const section of members) {
    const [, name] = /^Class: `(tls\.\w+)`$/.exec(section.above);
    const rows = tables.find(({ title }) => title === name).lines.map((line) => line.split('|').map((cell) => cell.trim()));
    const [, event, member] = /^(?:Event: `('\w+')|`\w+\.(\w+))/.exec(section.title);
    const named = new RegExp(event ?? `\`(?:server\\.)?${member}\\b`);
    const states = rows.filter(([, cell]) => cell && named.test(cell)).map(([, , state]) => state);
    const judged = itemsOf(section).flatMap((item) => /^\*\*(better|different)\*\*/.exec(item.text)?.[1] ?? []);
    expect([section.title, states.length > 0]).toEqual([section.title, true]);
    expect([section.title, judged]).toEqual([section.title, states.filter((state) => /better|different/.test(state))]);
  }
});

test.each([
  ['server', nodeNet.Server, ours.Server],
  ['socket', nodeNet.Socket, ours.Socket],
])('node.md has every member of a %s, and no other', (prefix, Theirs, Ours) => {
  const listed = [...namesIn('node.md', prefix)];
  const members = new Set([...own(Theirs), ...own(Ours)]);
  expect([...members].filter((name) => !listed.includes(name) && !BESIDE.includes(name))).toEqual([]);
  const instance = new Ours();
  const isThere = (name) => members.has(name) || name in instance;
  // Node's own have these only in the course of a connection, or if a program sets them.
  const later = ['autoSelectFamilyAttemptedAddresses', 'dropMaxConnection'];
  expect(listed.filter((name) => !isThere(name) && !later.includes(name))).toEqual([]);
});

test('each member of node.md says whether it is as in Node, better or different, and why', () => {
  const sections = sectionsIn('node.md').filter(({ title }) => /^(?:Class|Event): |^`/.test(title));
  expect(sections.length).toBeGreaterThan(70);
  for (const section of sections) {
    const text = section.lines.join('\n');
    const judged = itemsOf(section).filter((item) => item.text.startsWith('**'));
    expect([section.title, /^\nAdded in: v[\d.]+\n/.test(text)]).toEqual([section.title, true]);
    expect([section.title, /^As in Node|^See \[/m.test(text) || judged.length > 0]).toEqual([section.title, true]);
    for (const { text: words } of judged) expect(words).toMatch(/^\*\*(?:better|different)\*\*: .{10}/);
  }
});

test('each row of the tables says which, and why if it is different', () => {
  const rows = sectionsIn('node.md').find(({ title }) => title === 'Around it').lines
    .filter((line) => line.startsWith('| ') && !line.startsWith('| |'))
    .map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()));
  expect(rows.length).toBeGreaterThan(8);
  for (const [member, which, why] of rows) {
    expect([member, ['same', 'better', 'different'].includes(which)]).toEqual([member, true]);
    expect([member, which === 'same' || why !== '']).toEqual([member, true]);
  }
});

test('what node.d.ts adds to a socket has a section', () => {
  const [, added] = /^ {2}interface Socket \{(.*?)^ {2}\}/ms.exec(page('node.d.ts'));
  const names = [...added.matchAll(/^ {4}(\w+)\??[(:]/gm)].map(([, name]) => name);
  expect(names).toContain('setSecure');
  expect([...new Set(names)].filter((name) => !namesIn('node.md', 'socket').has(name))).toEqual([]);
});
