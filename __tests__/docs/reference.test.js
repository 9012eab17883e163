'use strict';

// docs/api: "held together by a test (no member without a page, no default that differs)", with index.d.ts and with the
// module as it runs.

const net = require('../..');
const { version } = require('../../package.json');
const { page } = require('./sources');
const { declared, documented, plain, primitivesIn, primitivesSaid } = require('./reference');

const sections = documented();
const { functions, interfaces } = declared();

const CLASSES = ['Server', 'Stream', 'BoundSocket', 'Credentials'];
const EVENTS = { Server: 'ServerEvents', Stream: 'StreamEvents', Credentials: 'CredentialsEvents' };

/** Typed for each event, and documented by Node. */
const OF_EMITTERS = ['on', 'once', 'addListener', 'prependListener', 'prependOnceListener', 'off', 'removeListener', 'emit'];
const OF_DUPLEX = ['pause', 'resume', 'readable', 'pipe', 'unpipe'];

/** The interfaces whose properties are options, and the section that lists them. */
const OPTIONS = [
  ['net', 'createServer', ['SocketOptions', 'ServerOptions'], []],
  ['net', 'createConnection', [], ['timeout']],
  ['net', 'Stream', ['SocketOptions', 'StreamOptions'], ['buffer', 'callback']],
  ['net', 'BoundSocket', ['BoundSocketOptions'], []],
  ['net', 'createCredentials', ['CredentialOptions'], []],
  ['Server', 'listen', ['ListenOptions'], []],
  ['Server', 'address', ['AddressInfo'], []],
  ['Server', 'drop', ['DropArgument'], []],
  ['Server', 'setLimits', ['Limits'], []],
  ['Stream', 'connect', ['TcpConnectOptions', 'UnixConnectOptions'], []],
  ['Stream', 'setSecure', ['SecureOptions'], []],
  ['Stream', 'getPeerCertificate', ['PeerCertificate'], []],
  ['Stream', 'getCipher', ['Cipher'], []],
];

/** What is there only in the course of a connection. */
const LATER = ['autoSelectFamilyAttemptedAddresses'];

const about = (owner, name) => sections.filter(({ subject }) => subject.owner === owner && subject.name === name);
const calls = (owner, name) => about(owner, name).filter(({ subject }) => subject.kind === 'member');
const namesOf = (kind, owner) => sections.filter(({ subject }) => subject.kind === kind && subject.owner === owner)
  .map(({ subject }) => subject.name);
const unique = (list) => [...new Set(list)].sort();

test('every export has a section, and every section of the module is an export', () => {
  const names = unique([...namesOf('class', 'net'), ...namesOf('member', 'net')]);
  expect(names).toEqual([...Object.keys(net), 'Credentials', 'Service'].sort());
});

test.each(CLASSES)('the members of %s are those that are declared', (name) => {
  const isOwn = (member) => !OF_EMITTERS.includes(member) && member !== 'opaque';
  const members = [...interfaces.get(name).members.keys()].filter(isOwn);
  expect(members.length).toBeGreaterThan(1);
  expect(unique(namesOf('member', name))).toEqual(members.sort());
});

test('the static members of Stream are those that are declared, and are there', () => {
  const members = [...interfaces.get('StreamConstructor').members.keys()].filter((name) => !['call', 'new', 'prototype'].includes(name));
  expect(unique(namesOf('member', 'StreamConstructor'))).toEqual(members.sort());
  for (const name of members) expect(net.Stream[name]).toBeInstanceOf(Function);
});

test.each(Object.entries(EVENTS))('the events of %s are those that are declared', (name, list) => {
  const events = [...interfaces.get(list).members.keys()].filter((event) => !OF_DUPLEX.includes(event));
  expect(namesOf('event', name).sort()).toEqual(events.sort());
});

test('a section is there once', () => {
  const titles = sections.map(({ subject, title }) => `${subject.owner}: ${title}`)
    .filter((title) => title !== 'net: `net.createCredentials([options])`');
  expect(titles.filter((title, i) => titles.indexOf(title) !== i)).toEqual([]);
});

test('every section says since when, which is not later than this version', () => {
  const isSaid = ({ text }) => {
    const [, since] = /^\nAdded in: v(\d+\.\d+\.\d+)\n/.exec(text) ?? [];
    return since !== undefined && since.localeCompare(version, 'en', { numeric: true }) <= 0;
  };
  const links = sections.filter(({ text }) => /^\nSee \[/.test(text));
  expect(links.map(({ title }) => title)).toEqual(['`net.createCredentials([options])`']);
  const silent = sections.filter((section) => !links.includes(section) && !isSaid(section));
  expect(silent.map(({ title }) => title)).toEqual([]);
});

/** What can be called, by the types: `[owner, name, lists of parameters]`. */
const CALLABLE = [
  ...[...functions].map(([name, { parameters }]) => ['net', name, parameters]),
  ...CLASSES.flatMap((owner) => [...interfaces.get(owner).members]
    .filter(([name, { parameters }]) => parameters !== null && !OF_EMITTERS.includes(name))
    .map(([name, { parameters }]) => [owner, name, parameters])),
];

test.each(CALLABLE)('%s.%s(): the parameters are those of the types, and each is explained', (owner, name, lists) => {
  const found = calls(owner, name);
  const named = found.flatMap(({ subject }) => subject.parameters ?? []);
  expect(found.length).toBeGreaterThan(0);
  expect(unique(named)).toEqual(unique(lists.flat()));
  for (const { subject, items, text } of found) {
    if (/^\nSee \[/.test(text)) continue;
    const explained = items.filter(({ depth }) => depth === 0).flatMap((item) => item.name ?? []);
    expect([subject.name, explained]).toEqual([subject.name, subject.parameters]);
  }
});

/** The declared properties of several interfaces. */
function propertiesOf(names) {
  return new Map(names.flatMap((name) => [...interfaces.get(name).members]));
}

/** The items below the first level in the sections of a member. */
function nested(owner, name) {
  return about(owner, name).flatMap(({ items }) => items.filter((item) => item.depth === 1 && item.name));
}

test.each(OPTIONS)('%s.%s: the properties that are explained are those that are declared', (owner, name, types, others) => {
  const properties = [...propertiesOf(types).keys(), ...others];
  const explained = nested(owner, name).map((item) => item.name);
  expect(explained.length).toBeGreaterThan(0);
  expect(unique(explained).filter((option) => !properties.includes(option))).toEqual([]);
  const said = about(owner, name).map(({ text }) => text).join('\n');
  const isExplained = (option) => explained.includes(option) || (others.includes(option) && said.includes(option));
  expect(properties.filter((option) => !isExplained(option))).toEqual([]);
});

test.each(OPTIONS)('%s.%s: a default of an option is the same in the types', (owner, name, types) => {
  const properties = propertiesOf(types);
  for (const item of nested(owner, name)) {
    if (!properties.has(item.name)) continue;
    expect([item.name, plain(item.byDefault)]).toEqual([item.name, plain(properties.get(item.name).byDefault)]);
  }
});

/** The primitive types, each once. `null` for an option or parameter that can be left out is not said on the pages. */
const typesOf = (nodes) => unique(nodes.flatMap(primitivesIn)).filter((type) => type !== 'null');
const saidOf = (text) => unique(primitivesSaid(text)).filter((type) => type !== 'null');

test.each(OPTIONS)('%s.%s: the type of an option is that of the types', (owner, name, types) => {
  const properties = propertiesOf(types);
  for (const item of nested(owner, name)) {
    if (properties.has(item.name)) {
      expect([item.name, saidOf(item.text)]).toEqual([item.name, typesOf(properties.get(item.name).types)]);
    }
  }
});

test('the type of a parameter, and of a property, is that of the types', () => {
  let compared = 0;
  for (const { subject, items } of sections.filter(({ subject: { kind } }) => kind === 'member')) {
    const { owner, name, parameters } = subject;
    const member = owner === 'net' ? functions.get(name) : interfaces.get(owner).members.get(name);
    if (!member) continue;
    const values = parameters === null ? [[items[0], member.types]] : items
      .filter(({ depth, name: parameter }) => depth === 0 && parameter in member.parameterTypes)
      .map((item) => [item, member.parameterTypes[item.name]]);
    for (const [item, nodes] of values) {
      // A section is about some of the forms of a method.
      const known = typesOf(nodes);
      expect([`${owner}.${name}`, item.text, saidOf(item.text).filter((type) => !known.includes(type))])
        .toEqual([`${owner}.${name}`, item.text, []]);
      if (nodes.length === 1) expect([item.text, saidOf(item.text)]).toEqual([item.text, known]);
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(60);
});

test.each(CALLABLE)('%s.%s(): what it returns is said, and is that of the types', (owner, name) => {
  const { returns } = owner === 'net' ? functions.get(name) : interfaces.get(owner).members.get(name);
  const isVoid = returns.every((node) => node.typeAnnotation.type === 'TSVoidKeyword');
  const said = calls(owner, name).flatMap(({ items }) => items.filter(({ text }) => text.startsWith('Returns: ')));
  expect(said.length > 0).toBe(!isVoid);
  const primitives = returns.flatMap(primitivesIn);
  for (const { text } of said) expect([text, unique(primitivesSaid(text))]).toEqual([text, unique(primitives)]);
});

/** Whether the sections of a member name each of the codes. */
function missingCodes(owner, name, codes) {
  const text = about(owner, name).map((section) => section.text).join('\n');
  return unique(codes).filter((code) => !text.includes(code));
}

test.each(CALLABLE)('%s.%s(): the codes that the types name are in its section', (owner, name) => {
  const { codes } = owner === 'net' ? functions.get(name) : interfaces.get(owner).members.get(name);
  expect(missingCodes(owner, name, codes)).toEqual([]);
});

test.each(OPTIONS)('%s.%s: the codes that the types name for an option are in its section', (owner, name, types) => {
  const codes = [...propertiesOf(types).values()].flatMap((property) => property.codes);
  expect(missingCodes(owner, name, codes)).toEqual([]);
});

/** Defaults that the sources have as numbers. */
const NUMBERS = [
  ['net', 'createCredentials', 'handshakeTimeout', 'lib/tls/secure.js', /HANDSHAKE_TIMEOUT = (\d+_?\d+);/],
  ['net', 'createCredentials', 'sessionTimeout', 'src/tls/credentials/options.rs', /DEFAULT_SESSION_TIMEOUT: u32 = (\d+);/],
  ['Server', 'listen', 'backlog', 'lib/arguments.js', /ownBacklog = (\d+)\)/],
  ['Server', 'pause', 'msecs', 'lib/server/index.js', /PAUSE_DEFAULT = (\d+);/],
];

test.each(NUMBERS)('%s.%s: the default of %s is the one in %s', (owner, name, option, file, pattern) => {
  const [, number] = pattern.exec(page(file));
  const items = about(owner, name).flatMap((section) => section.items);
  const defaults = items.flatMap((item) => (item.name === option && item.byDefault ? [item.byDefault] : []));
  expect(defaults).toEqual([`\`${number.replace('_', '')}\``]);
});

test('the default time of an attempt to connect is the one that is said for the running Node', () => {
  const [{ items: [{ text }] }] = about('net', 'getDefaultAutoSelectFamilyAttemptTimeout');
  const [, usual, since26] = /(\d+) milliseconds, or (\d+) with Node 26/.exec(text);
  const isNew = Number(process.versions.node.split('.')[0]) >= 26;
  expect(net.getDefaultAutoSelectFamilyAttemptTimeout()).toBe(Number(isNew ? since26 : usual));
});

test('a default of a parameter is the same in the types', () => {
  let compared = 0;
  for (const [owner, name] of CALLABLE) {
    const { defaults } = owner === 'net' ? functions.get(name) : interfaces.get(owner).members.get(name);
    const items = calls(owner, name).flatMap((section) => section.items.filter(({ depth }) => depth === 0));
    const known = items.flatMap((item) => (item.name && item.byDefault ? [[item.name, plain(item.byDefault)]] : []));
    const types = Object.entries(defaults).map(([parameter, text]) => [parameter, plain(text)]);
    expect([name, Object.fromEntries(known)]).toEqual([name, Object.fromEntries(types)]);
    compared += known.length;
  }
  expect(compared).toBeGreaterThan(10);
});

/** An instance of a class, as it is before anything has happened. */
const FRESH = {
  Server: () => new net.Server(),
  Stream: () => new net.Stream(),
  Credentials: () => net.createCredentials(),
  BoundSocket() {
    const bound = new net.BoundSocket();
    process.nextTick(() => bound.close());
    return bound;
  },
};

function valueOf(object, name) {
  const [, symbol] = /^\[Symbol\.(\w+)\]$/.exec(name) ?? [];
  return object[symbol ? (Symbol[symbol] ?? Symbol.for(`nodejs.${symbol}`)) : name];
}

test.each(CLASSES)('the members of %s are there at run time, and those with parentheses are methods', (name) => {
  const instance = FRESH[name]();
  for (const { subject } of sections.filter(({ subject: { kind, owner } }) => kind === 'member' && owner === name)) {
    const isFunction = typeof valueOf(instance, subject.name) === 'function';
    expect([subject.name, isFunction]).toEqual([subject.name, subject.parameters !== null]);
    if (!isFunction && !LATER.includes(subject.name)) expect(subject.name in instance).toBe(true);
  }
});

test.each(['Server', 'Stream'])('a default of a property of %s is what a fresh one has', (name) => {
  const instance = FRESH[name]();
  const properties = sections.flatMap(({ subject, items }) => {
    const isOne = subject.kind === 'member' && subject.owner === name && subject.parameters === null && items[0]?.byDefault;
    return isOne ? [[subject.name, items[0].byDefault]] : [];
  });
  expect(properties.length).toBeGreaterThan(0);
  for (const [property, byDefault] of properties) {
    if (byDefault.startsWith('`')) expect([property, `\`${instance[property]}\``]).toEqual([property, byDefault]);
  }
});
