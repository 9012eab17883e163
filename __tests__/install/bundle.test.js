'use strict';

// The modules of `lib/` in few files, as the package has them: the same exports as in the repository, and loaded no
// earlier than needed.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { BINDING, ROOT, packed } = require('../loading/application');
const { CHUNKS, ENTRIES, FOLDER } = require('../../scripts/bundle');
const { nodes } = require('../package/nodes');
const { files } = require('../tls/pki');
const { scratch } = require('../helpers');

jest.setTimeout(120_000);

/** Runs a script with the package in `root`, by `node`, and returns what it prints, as JSON. */
function play(root, script, { node = process.execPath, flags = [], env = {} } = {}) {
  const unset = { NODE_OPTIONS: '', RUST_NET_FALLBACK: 'error', RUST_NET_BINDING: BINDING, PACKAGE: root };
  const args = [...flags, '--no-warnings', '--input-type=commonjs', '--eval', script];
  return JSON.parse(execFileSync(node, args, { env: { ...process.env, ...unset, ...env }, encoding: 'utf8' }));
}

/** What an entry exports, each with its kind, and for functions with the name and the members of its prototype. */
const DESCRIBE = `
const { pathToFileURL } = require('url');
const describe = (value) => typeof value !== 'function' ? typeof value
  : [value.name, value.length, Reflect.ownKeys(value.prototype ?? {}).map(String)];
const all = (exports) => Object.entries(exports).map(([name, value]) => [name, describe(value)]);
const file = process.env.PACKAGE + '/' + process.env.ENTRY;
import(pathToFileURL(file)).then((namespace) => {
  const { default: required, ...named } = namespace;
  console.log(JSON.stringify({ required: all(required), named: all(named), same: required === require(file) }));
});
`;

describe.each(ENTRIES)('%s', (entry) => {
  test('exports the same as in the repository, to require and to import', () => {
    const [ours, theirs] = [packed(), ROOT].map((root) => play(root, DESCRIBE, { env: { ENTRY: entry } }));
    expect(ours.required.length).toBeGreaterThan(1);
    expect(ours).toEqual(theirs);
    expect(ours.same).toBe(true);
  });
});

/** At the end of a program: the names of the files of ours that it has loaded. */
const LOADED = `process.on('exit', () => console.log(JSON.stringify(Object.keys(require.cache)
  .flatMap((name) => /.lib.packed.(\\w+)\\.js$/.exec(name)?.[1] ?? []))));`;

const SERVE = (module, options) => `
  const ${module} = require('${module}');
  const server = ${module}.createServer(${options}, (request, response) => response.end('there and back'));
  server.listen(0, 'localhost', () => {
    const address = { port: server.address().port, host: 'localhost', agent: false, rejectUnauthorized: false };
    ${module}.get(address, (response) => response.resume().on('end', () => server.close()));
  });`;

describe('under the flag', () => {
  const load = (node, program, env) =>
    play(packed(), `${LOADED}${program}`, { node, flags: ['--require', path.join(packed(), 'register.js')], env });

  test.each(['the first', 'the last'])('a program loads what it needs, and no more, on %s version of Node', (which) => {
    const node = nodes().sort(([one], [other]) => one - other).at(which === 'the last' ? -1 : 0)[1];
    const keys = files('selfSigned', scratch());
    const secure = "{ key: require('fs').readFileSync(process.env.KEY), cert: require('fs').readFileSync(process.env.CERT) }";
    expect(load(node, '')).toEqual(['start']);
    expect(load(node, SERVE('http', '{}'))).toEqual(['start', 'sockets']);
    expect(load(node, SERVE('https', secure), { KEY: keys.key, CERT: keys.cert })).toEqual(['start', 'sockets', 'secure']);
  });
});

test('each module is in one of the files', () => {
  const texts = Object.keys(CHUNKS).map((name) => fs.readFileSync(path.join(packed(), FOLDER, `${name}.js`), 'utf8'));
  const modules = fs.readdirSync(path.join(ROOT, 'lib'), { recursive: true }).filter((name) => name.endsWith('.js'));
  const missing = modules.filter((name) =>
    texts.filter((text) => text.includes(`\n  "lib/${name}"(`)).length !== 1);
  expect(missing).toEqual([]);
});

test('the stack of an error has the names of the functions', () => {
  const script = `
    try {
      require(process.env.PACKAGE).createServer().listen(-1);
    } catch ({ code, stack }) {
      console.log(JSON.stringify({ code, stack }));
    }`;
  const { code, stack } = play(packed(), script);
  expect(code).toBe('ERR_SOCKET_BAD_PORT');
  expect(stack).toMatch(/ at Server\.listen \(.*packed.sockets\.js:\d+:\d+\)/);
});

test('another copy, that of the repository, finds the place of Node\'s modules taken', () => {
  const script = `
    const other = require(process.env.OTHER + '/register');
    const [{ Socket }, theirs] = [process.env.PACKAGE, process.env.OTHER].map((root) => require(root + '/node'));
    const { Socket: registered } = require('net');
    console.log(JSON.stringify([other.isRegistered(), registered === Socket, registered === theirs.Socket]));`;
  const flags = ['--require', path.join(packed(), 'register.js')];
  expect(play(packed(), script, { flags, env: { OTHER: ROOT } })).toEqual([true, true, false]);
});
