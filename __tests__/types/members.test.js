'use strict';

// index.d.ts has every export, every public member and every option of TLS: those that are there at run time. node.d.ts
// passes on those of node:net, which are to be the same at run time, and http.d.ts and https.d.ts those of theirs.

const fs = require('fs');
const nodeNet = require('net');
const path = require('path');
const { Duplex } = require('stream');
const net = require('../..');
const { REFUSED } = require('../../lib/tls/restrictions');

const TYPES = fs.readFileSync(path.join(__dirname, '..', '..', 'index.d.ts'), 'utf8');

/** The text of one interface. */
function interfaceOf(name) {
  return new RegExp(`^export interface ${name} .*?^}`, 'ms').exec(TYPES)[0];
}

/** The public names of a class and those that it inherits, up to Node's; without those that have Node's types. */
function members({ prototype }) {
  const names = new Set();
  let level = prototype;
  while (!['Duplex', 'EventEmitter', 'Object'].includes(level.constructor.name)) {
    for (const name of Object.getOwnPropertyNames(level)) names.add(name);
    level = Object.getPrototypeOf(level);
  }
  return [...names].filter((name) => !name.startsWith('_') && name !== 'constructor' && !(name in Duplex.prototype));
}

test('every export is declared', () => {
  const declared = [...TYPES.matchAll(/^export declare (?:const|function) (\w+)/gm)].map(([, name]) => name);
  const passedOn = /^export \{ (.*) \} from 'node:net';/m.exec(TYPES)[1].split(', ');
  expect([...new Set([...declared, ...passedOn])].sort()).toEqual(Object.keys(net).sort());
});

test.each([
  ['Server', 'listenFD'],
  ['Stream', 'readyState'],
  ['BoundSocket', 'isPipe'],
])('every member of %s is declared', (name, one) => {
  const text = interfaceOf(name);
  const found = members(net[name]);
  expect(found).toContain(one);
  const missing = found.filter((member) => !new RegExp(`^  (?:readonly |get )?${member}\\??[:(<]`, 'm').test(text));
  expect(missing).toEqual([]);
});

/** The names of what an interface declares. */
function declaredIn(name) {
  return [...interfaceOf(name).matchAll(/^ {2}(\w+)\??[:(]/gm)].map(([, member]) => member);
}

/** The options that `call` reads of the object that it is given. */
function readBy(call) {
  const names = new Set();
  const note = (_, name) => void names.add(name);
  call(new Proxy({}, { get: note }));
  return [...names];
}

/** Read only to be refused: options of node:tls that can't be had, and, by setSecure, those of the credentials. */
const refused = Object.keys(REFUSED);

test.each([
  ['CredentialOptions', refused, (options) => net.createCredentials(options)],
  ['SecureOptions', [...refused, ...declaredIn('CredentialOptions')], (options) => new net.Stream().setSecure(null, options)],
])('every option of %s is read, and no other but those that are refused', (name, others, call) => {
  expect([...new Set([...declaredIn(name), ...others])].sort()).toEqual(readBy(call).sort());
});

test('every method of Credentials is there', () => {
  const credentials = net.createCredentials();
  const declared = declaredIn('Credentials');
  expect(declared.length).toBeGreaterThan(0);
  for (const method of declared) expect(credentials[method]).toBeInstanceOf(Function);
});

test('rust-net/node has every export of node:net that is documented, and no other but those that are ours', () => {
  // Not every Node has it yet.
  const own = ['BoundSocket', 'isAccelerated', 'listenFDs', 'stats'];
  const theirs = new Set([...Object.keys(require('net')), ...own]);
  const ours = Object.keys(require('../../node'));
  const documented = (names) => [...names].filter((name) => !name.startsWith('_')).sort();
  expect(documented(ours)).toEqual(documented(theirs));
});

describe.each(['http', 'https'])('rust-net/%s', (name) => {
  const [theirs, ours] = [require(name), require(`../../${name}`)];

  test(`has every export of node:${name}, and no other but isAccelerated`, () => {
    expect(Object.keys(ours).sort()).toEqual([...Object.keys(theirs), 'isAccelerated'].sort());
  });

  test('its servers have what node.d.ts adds to those of node:net, and no more', () => {
    const text = fs.readFileSync(path.join(__dirname, '..', '..', 'node.d.ts'), 'utf8');
    const [, added] = /^ {2}interface Server \{(.*?)^ {2}\}/ms.exec(text);
    const declared = new Set([...added.matchAll(/^ {4}(?:readonly )?(\w+)[:(]/gm)].map(([, member]) => member));
    expect(declared.size).toBeGreaterThan(5);
    const [server, plain] = [ours.createServer(), theirs.createServer()];
    expect([...declared].filter((member) => !(member in server))).toEqual([]);
    const membersOf = (object) => {
      const found = new Set();
      for (let level = object; level !== null; level = Object.getPrototypeOf(level)) {
        for (const member of Object.getOwnPropertyNames(level)) found.add(member);
      }
      return found;
    };
    // These are assigned by programs, and not there before.
    const assigned = ['maxConnections', 'dropMaxConnection', 'maxRequestsPerSocket'];
    const known = new Set([...membersOf(plain), ...membersOf(new nodeNet.Server()), ...declared, ...assigned]);
    expect([...membersOf(server)].filter((member) => !member.startsWith('_') && !known.has(member))).toEqual([]);
  });
});
