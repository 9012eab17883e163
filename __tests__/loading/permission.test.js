'use strict';

// D32, Node's permission model: where its own net may not listen or connect, ours may not either, with the same errors.

const { spawnSync } = require('child_process');
const path = require('path');
const { nodes } = require('../package/nodes');
const { scratch } = require('../helpers');
const { DEADLINE, KNOWS_NET, ROOT } = require('./application');

jest.setTimeout(20 * DEADLINE);

const ours = (entry) => path.join(ROOT, entry);
const MODULES = {
  'node': ['net', 'tls', 'http'],
  'rust-net/node': [ours('node.js'), ours('tls.js'), ours('http.js')],
  'rust-net': [ours('index.js'), ours('tls.js'), ours('http.js')],
};

/** What differs from Node's own net: `{ [scenario]: why }`. */
const DIFFERENT = {
  'listen(port, address)': 'Node throws where no program can catch it',
  'connect({ localAddress })': 'Node throws where no program can catch it',
};

/** What fails for another reason before Node asks for the permission. */
const OTHERWISE = ['listen({ fd }) of no socket', 'connect({ blockList })'];

/** The traces of all scenarios. `flags` are for Node. */
function traces(node, modules, flags) {
  const args = [...flags, '--no-warnings', path.join(__dirname, 'denied.js'), ...modules];
  const { status, stdout, stderr, error } = spawnSync(node, args, { encoding: 'utf8', timeout: DEADLINE });
  if (error) throw error;
  if (status !== 0) throw new Error(`ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

/** How a scenario ended, in one word. */
const outcome = (lines) => {
  const error = lines.find((line) => /^\["(threw|uncaught|error)"/.test(line));
  return error === undefined ? 'no error' : error.includes('ERR_ACCESS_DENIED') ? 'denied' : 'another error';
};

/** The scenarios that were denied. */
const denied = (all) => Object.keys(all).filter((name) => outcome(all[name]) === 'denied');

describe.each(nodes())('on Node %i', (major, node) => {
  const flags = [major < 22 ? '--experimental-permission' : '--permission', '--allow-fs-read=*', '--allow-addons'];
  const knows = major >= KNOWS_NET;

  test('without --allow-net, rust-net/node does what node:net does', () => {
    const [theirs, mine] = [traces(node, MODULES.node, flags), traces(node, MODULES['rust-net/node'], flags)];
    for (const [name, lines] of Object.entries(theirs)) {
      // Not in every version of Node.
      const isMissing = outcome(lines) === 'another error' && /BoundSocket is not a constructor/.test(lines);
      const isIgnored = name.includes('blockList') && major < 22;
      if (isMissing || isIgnored || (knows && name in DIFFERENT)) continue;
      // Where nothing is denied, the order of events is the subject of parity/.
      const shown = knows ? (trace) => trace : outcome;
      expect({ name, outcome: shown(mine[name]) }).toEqual({ name, outcome: shown(lines) });
    }
    expect(denied(mine)).toEqual(knows ? Object.keys(mine).filter((name) => !OTHERWISE.includes(name)) : []);
  });

  test('without --allow-net, rust-net fails alike', () => {
    const mine = traces(node, MODULES['rust-net'], flags);
    expect(denied(mine)).toEqual(knows ? Object.keys(mine).filter((name) => !OTHERWISE.includes(name)) : []);
  });

  test('under rust-net/register, too', () => {
    const registered = [...flags, '--require', path.join(ROOT, 'register.js')];
    const mine = traces(node, MODULES['rust-net/node'], flags);
    const replaced = traces(node, MODULES.node, registered);
    if (knows) expect(replaced).toEqual(mine);
    else expect(denied(replaced)).toEqual([]);
  });

  test('in rust-net, a leftover socket file is replaced only where files may be written', () => {
    const leftover = path.join(scratch(), 'socket');
    const crash = `
require('net').createServer().listen(${JSON.stringify(leftover)}, () => process.kill(process.pid, 'SIGKILL'));`;
    spawnSync(node, ['-e', crash]);
    const script = `
const server = require(${JSON.stringify(ours('index.js'))}).createServer();
server.on('error', ({ code }) => process.stdout.write(code));
server.listen(${JSON.stringify(leftover)}, () => server.close(() => process.stdout.write('listened')));`;
    const run = (...more) =>
      spawnSync(node, [...flags, ...more, '--no-warnings', '-e', script], { encoding: 'utf8', timeout: DEADLINE }).stdout;
    const net = knows ? ['--allow-net'] : [];
    expect(run(...net)).toBe('EADDRINUSE');
    expect(run(...net, '--allow-fs-write=*')).toBe('listened');
  });
});

describe.each(nodes().filter(([major]) => major >= KNOWS_NET))('where the model knows networks: Node %i', (_major, node) => {
  const flags = ['--permission', '--allow-fs-read=*', '--allow-addons'];

  test('what Node throws out of reach is thrown by the call, or is an error of the socket', () => {
    const mine = traces(node, MODULES['rust-net/node'], flags);
    const [threw, ...rest] = mine['listen(port, address)'];
    expect(threw).toMatch(/^\["threw".*"ERR_ACCESS_DENIED"\],\["permission","Net"\],\["resource",""\]/);
    expect(rest).toEqual([]);
    expect(mine['connect({ localAddress })']).toEqual(mine['connect(port, address)']);
  });

  test('with --allow-net, nothing is denied', () => {
    const mine = traces(node, MODULES['rust-net/node'], [...flags, '--allow-net', '--allow-fs-write=*']);
    expect(denied(mine)).toEqual([]);
  });

  test('with --permission-audit, nothing is denied, and Node notes what would be', () => {
    const script = `
const resources = [];
require('diagnostics_channel').subscribe('node:permission-model:net', ({ permission }) => resources.push(permission));
const server = require(${JSON.stringify(ours('node.js'))}).createServer().listen(0, '127.0.0.1', () => {
  const socket = require(${JSON.stringify(ours('node.js'))}).connect(server.address().port, '127.0.0.1');
  const noted = resources.length;
  socket.on('connect', () => {
    socket.destroy();
    server.close();
    process.stdout.write(JSON.stringify([noted > 0, resources.length > noted, new Set(resources).size]));
  });
});`;
    const { stdout } = spawnSync(node, ['--permission-audit', '--no-warnings', '-e', script], { encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual([true, true, 1]);
  });

  test('a permission that is dropped later is gone', () => {
    const script = `
const net = require(${JSON.stringify(ours('index.js'))});
const server = net.createServer().listen(0, '127.0.0.1', () => {
  server.close();
  process.permission.drop('net');
  try {
    net.createServer().listen(0, '127.0.0.1');
  } catch ({ code }) {
    process.stdout.write(code);
  }
});`;
    const args = [...flags, '--allow-net', '--no-warnings', '-e', script];
    const { stdout, stderr } = spawnSync(node, args, { encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: 'ERR_ACCESS_DENIED', stderr: '' });
  });
});
