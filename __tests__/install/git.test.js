'use strict';

// `npm install git+...`: npm runs `prepare` in a clone, which builds the binding, and packs that. Without Rust, the
// installation fails and says so. The compilers are stand-ins (`stand-ins.js`), and the clone has no `devDependencies`,
// which npm would install first.

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { localBinding } = require('../../scripts/pack-all');
const { cleanEnvironment } = require('./managers');
const { standCompilers } = require('./stand-ins');

const ROOT = path.join(__dirname, '..', '..');
const [[ours, binding]] = localBinding();

let folder;
let env;
let compilers;

jest.setTimeout(120_000);

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-git-'));
  const [repository, programs] = ['repository', 'programs'].map((name) => path.join(folder, name));
  compilers = path.join(folder, 'compilers');
  for (const place of [repository, programs, compilers]) fs.mkdirSync(place);
  linkPrograms(programs);
  env = { ...cleanEnvironment(folder), PATH: `${compilers}${path.delimiter}${programs}` };
  const manifest = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const names = [...manifest.files.filter((name) => !name.includes('*')), 'README.md', 'LICENSE', 'scripts'];
  for (const name of names) fs.cpSync(path.join(ROOT, name), path.join(repository, name), { recursive: true });
  delete manifest.devDependencies;
  fs.writeFileSync(path.join(repository, 'package.json'), JSON.stringify(manifest));
  const lock = { name: 'rust-net', version: manifest.version, lockfileVersion: 3, packages: {} };
  fs.writeFileSync(path.join(repository, 'package-lock.json'), JSON.stringify(lock));
  const git = (...args) => execFileSync('git', args, { cwd: repository, stdio: 'ignore' });
  git('init', '--initial-branch=main');
  git('add', '.');
  git('-c', 'user.name=test', '-c', 'user.email=test@example.test', 'commit', '--message=all');
});

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Links all that is in the PATH into `place`, but no Rust. */
function linkPrograms(place) {
  const seen = new Set(['cargo', 'rustc']);
  for (const from of process.env.PATH.split(path.delimiter).filter((each) => fs.existsSync(each))) {
    for (const name of fs.readdirSync(from).filter((each) => !seen.has(each))) {
      seen.add(name);
      fs.symlinkSync(path.join(from, name), path.join(place, name));
    }
  }
}

/** Installs the repository in an empty project. */
function install(name) {
  const project = path.join(folder, name);
  fs.mkdirSync(project);
  fs.writeFileSync(path.join(project, 'package.json'), '{ "name": "empty", "version": "1.0.0", "private": true }\n');
  const args = ['install', '--no-audit', '--no-fund', `git+file://${path.join(folder, 'repository')}`];
  return { project, ...spawnSync('npm', args, { cwd: project, env, encoding: 'utf8' }) };
}

test('without Rust, it fails and says how to get it', () => {
  const { project, status, stderr } = install('without');
  expect(status).not.toBe(0);
  expect(stderr).toContain('needs Rust 1.');
  expect(stderr).toContain('https://rustup.rs');
  expect(fs.existsSync(path.join(project, 'node_modules', 'rust-net'))).toBe(false);
});

test('it has the binding, and neither sources of the build nor what cargo left', () => {
  standCompilers(compilers, { library: binding });
  const { project, status, stderr } = install('with');
  expect(stderr).not.toContain('npm error');
  expect(status).toBe(0);
  const place = path.join(project, 'node_modules', 'rust-net');
  expect(fs.existsSync(path.join(place, `rust-net.${ours}.node`))).toBe(true);
  for (const name of ['target', 'scripts', '.git']) expect(fs.existsSync(path.join(place, name))).toBe(false);
  const script = "require('rust-net').createServer().listen(0, function () { this.close(); console.log('listens'); })";
  expect(execFileSync(process.execPath, ['-e', script], { cwd: project, env, encoding: 'utf8' })).toBe('listens\n');
});
