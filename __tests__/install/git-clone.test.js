'use strict';

// `npm install git+file://...`, to its end: npm clones the repository as it is committed, installs what `prepare` needs,
// and has the binding built by cargo. `git.test.js` has what happens without Rust.

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { localBinding } = require('../../scripts/pack-all');
const { scratch } = require('../helpers');

const ROOT = path.join(__dirname, '..', '..');
const [[platform]] = localBinding();

/** Everything that is installed, as in `registry.test.js`. */
const MAX_BYTES = 12e6;

const MINUTE = 60_000;

jest.setTimeout(20 * MINUTE);

/** The environment of a shell: npm, jest and we have set the rest. What npm has downloaded before, it may take. */
function environment() {
  const ours = /^(?:npm_(?!config_)|NODE_OPTIONS|JEST_|RUST_NET_|INIT_CWD)/;
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name))),
    // The crates that are built already need not be built again; rust-net is, for it is in another folder.
    CARGO_TARGET_DIR: path.join(ROOT, 'target'),
    npm_config_prefer_offline: 'true',
  };
}

function sizeOf(folder) {
  const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.reduce((total, { parentPath, name }) => total + fs.statSync(path.join(parentPath, name)).size, 0);
}

test('it installs the package with a binding that works, and nothing else', () => {
  const folder = scratch();
  const [repository, project] = ['repository.git', 'project'].map((name) => path.join(folder, name));
  execFileSync('git', ['clone', '--quiet', '--bare', '--no-hardlinks', ROOT, repository]);
  fs.mkdirSync(project);
  fs.writeFileSync(path.join(project, 'package.json'), '{ "name": "empty", "version": "1.0.0", "private": true }\n');
  const args = ['install', '--no-audit', '--no-fund', `git+file://${repository}`];
  const options = { cwd: project, env: environment(), encoding: 'utf8', timeout: 15 * MINUTE };
  const { status, signal, stderr } = spawnSync('npm', args, options);
  expect({ status, signal, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, signal: null, stderr: '' });

  const modules = path.join(project, 'node_modules');
  const installed = fs.readdirSync(modules).filter((name) => !name.startsWith('.'));
  expect(installed).toEqual(['rust-net']);
  expect(fs.existsSync(path.join(modules, 'rust-net', `rust-net.${platform}.node`))).toBe(true);
  for (const name of ['target', 'scripts', '__tests__']) expect(fs.existsSync(path.join(modules, 'rust-net', name))).toBe(false);
  expect(sizeOf(modules)).toBeLessThan(MAX_BYTES);

  const script = `
    const net = require('rust-net');
    const server = net.createServer((stream) => stream.pipe(stream));
    server.listen(0, 'localhost', () => {
      const client = net.connect(server.address().port, 'localhost', () => client.end('there and back'));
      client.on('data', (data) => console.log(String(data)));
      client.on('close', () => server.close());
    });`;
  const output = execFileSync(process.execPath, ['--eval', script], { cwd: project, env: environment(), encoding: 'utf8' });
  expect(output).toBe('there and back\n');
});
