'use strict';

// rust-net/register: every `net` of a program is ours, on every Node that is supported.

const { execFileSync } = require('child_process');
const path = require('path');
const { MAJORS, nodes } = require('../package/nodes');

const ROOT = path.join(__dirname, '..', '..');

/** Which module each way of asking gives, as a program prints it. */
const CHECK = `
  const ours = createRequire(${JSON.stringify(`${ROOT}/x.js`)})('./node.js');
  const answers = { required: createRequire(import.meta.url)('net') === ours };
  answers.requiredAsNodes = createRequire(import.meta.url)('node:net') === ours;
  answers.imported = net.default === ours && net.Socket === ours.Socket;
  answers.importedDynamically = (await import('node:net')).default === ours;
  answers.blockList = typeof ours.BlockList;
  answers.nodesOwnIsAnother = process.getBuiltinModule ? process.getBuiltinModule('net') !== ours : true;`;

const SCRIPT = `
  import { createRequire } from 'node:module';
  import * as net from 'net';
  ${CHECK}
  const server = net.createServer((stream) => stream.pipe(stream)).listen(0, () => {
    const client = net.connect(server.address().port, () => client.end('¿qué tal?'));
    answers.heard = '';
    client.setEncoding('utf8').on('data', (data) => (answers.heard += data));
    client.on('close', () => server.close(() => console.log(JSON.stringify(answers))));
  });`;

const EXPECTED = {
  required: true,
  requiredAsNodes: true,
  imported: true,
  importedDynamically: true,
  blockList: 'function',
  nodesOwnIsAnother: true,
  heard: '¿qué tal?',
};

let binaries;

beforeAll(() => (binaries = new Map(nodes())), 300_000);

describe.each(MAJORS)('on Node %i', (major) => {
  test.each(['--require', '--import'])('%s', (flag) => {
    const args = [flag, path.join(ROOT, 'register.js'), '--input-type=module', '-e', SCRIPT];
    const output = execFileSync(binaries.get(major), args, { encoding: 'utf8', timeout: 60_000 });
    expect(JSON.parse(output)).toEqual(EXPECTED);
  });

  test('without it, net is Node\'s', () => {
    const script = `import { createRequire } from 'node:module'; import * as net from 'net'; ${CHECK}
      console.log(JSON.stringify(answers));`;
    const output = execFileSync(binaries.get(major), ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(JSON.parse(output)).toMatchObject({ required: false, requiredAsNodes: false, imported: false });
  });
});
