'use strict';

// D31, the load error: the platform, one cause and what mends it, in ten lines at most. Every cause, in a process of
// its own, on a package that is installed as npm would install it.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { version } = require('../../package.json');
const { nodes } = require('../package/nodes');
const { BINDING, DEADLINE, PLATFORM, addPackage, application, bundle, failure, play } = require('./application');

const MAX_LINES = 10;
const [SYSTEM, ARCH] = PLATFORM.split('-');

jest.setTimeout(20 * DEADLINE);

/** A failure has the form that all have, and this reason. */
function expectFailure(error, reason, cause, remedy) {
  expect(error).toMatchObject({ code: 'ERR_RUST_NET_BINDING', reason });
  const { lines } = error;
  expect(lines.length).toBeLessThanOrEqual(MAX_LINES);
  const subject = /^rust-net has no native binding for [\w-]+( \(glibc [\d.]+\))? that Node [\d.]+ can load\.$/;
  expect(lines[0]).toMatch(subject);
  expect(lines[1]).toMatch(/^Cause: /);
  expect(lines[1]).toMatch(cause);
  expect(lines[2]).toMatch(/^Remedy: /);
  expect(lines[2]).toContain(remedy);
  expect(lines[3]).toBe('Looked in:');
  expect(lines.at(-1)).toMatch(new RegExp(`^See .*docs/troubleshooting\\.md#binding-${reason}$`));
}

/** The real binding with another text in the place of one. */
const other = (from, to) => Buffer.from(fs.readFileSync(BINDING, 'latin1').replaceAll(from, to), 'latin1');

test('it is loaded from the package of the platform, and one that was built here takes precedence', () => {
  const folder = application();
  addPackage(folder);
  expect(failure(folder)).toBeNull();
  const built = path.join(folder, 'node_modules', 'rust-net', path.basename(BINDING));
  fs.writeFileSync(built, 'not a binding');
  expect(failure(folder).lines[1]).toContain(built);
});

test('RUST_NET_BINDING names another', () => {
  const folder = application();
  expect(failure(folder, { env: { RUST_NET_BINDING: BINDING } })).toBeNull();
  const error = failure(folder, { env: { RUST_NET_BINDING: '/nowhere/rust-net.node' } });
  expectFailure(error, 'named', /\/nowhere\/rust-net\.node, which does not exist/, 'unset RUST_NET_BINDING');
});

test('no generated loader, and no variable of it, has a say', () => {
  const folder = application();
  fs.writeFileSync(path.join(folder, 'node_modules', 'rust-net', 'binding.js'), 'throw new Error("was loaded");');
  expect(failure(folder, { env: { NAPI_RS_NATIVE_LIBRARY_PATH: BINDING } }).reason).toBe('missing');
});

describe('the causes', () => {
  test('the optional dependency is missing', () => {
    const error = failure(application());
    const cause = new RegExp(`the optional dependency @rust-net/${PLATFORM}@${version} is not installed`);
    expectFailure(error, 'missing', cause, 'npm install --include=optional');
    expect(error.lines[0]).toContain(PLATFORM);
    const looked = error.lines.slice(4, -1).map((line) => path.basename(line));
    expect(looked.slice(0, 2)).toEqual(['rust-net', '@rust-net']);
  });

  test('it was cloned and not built', () => {
    const folder = application();
    const clone = path.join(folder, 'clone');
    fs.renameSync(path.join(folder, 'node_modules', 'rust-net'), clone);
    fs.mkdirSync(path.join(clone, 'src'));
    fs.writeFileSync(path.join(clone, 'src', 'lib.rs'), '');
    fs.symlinkSync(clone, path.join(folder, 'node_modules', 'rust-net'));
    expectFailure(failure(folder), 'unbuilt', /has not been built/, 'npm run build');
  });

  test('node_modules was copied from a system with another processor', () => {
    const folder = application();
    const platform = ARCH === 'arm64' ? 'darwin-x64' : 'linux-arm64-gnu';
    addPackage(folder, { platform, contents: 'of another processor' });
    expectFailure(failure(folder), 'architecture', new RegExp(`is for ${platform}`), 'npm install');
  });

  test('node_modules was copied from a system with another C library', () => {
    const folder = application();
    const platform = PLATFORM.endsWith('-gnu') ? PLATFORM.replace(/gnu$/, 'musl') : `linux-${ARCH}-gnu`;
    addPackage(folder, { platform, contents: 'of another C library' });
    const reason = SYSTEM === 'linux' ? 'libc' : 'architecture';
    expectFailure(failure(folder), reason, new RegExp(`is for ${platform}`), 'npm install');
  });

  test('the binding is for another processor', () => {
    const folder = application();
    const contents = fs.readFileSync(BINDING);
    // The machine, in the header of ELF, or the type of the processor, in that of Mach-O.
    const [at, machine] = SYSTEM === 'linux' ? [18, 22] : [4, 7];
    contents[at] = machine;
    addPackage(folder, { contents });
    expectFailure(failure(folder), 'architecture', /is for .+, and Node is for/, 'npm install');
  });

  test.each([['in the middle', 0.5], ['near its end', 0.999], ['at its beginning', 0]])('it is truncated %s', (_place, part) => {
    const folder = application();
    const contents = fs.readFileSync(BINDING);
    addPackage(folder, { contents: contents.subarray(0, Math.floor(contents.length * part)) });
    expectFailure(failure(folder), 'truncated', /is truncated, at \d+ bytes/, 'npm install');
  });

  test('its package has no binding in it', () => {
    const folder = application();
    addPackage(folder, { contents: null });
    expectFailure(failure(folder), 'truncated', /is installed, but incomplete/, 'npm install');
  });

  test('the file is no native library', () => {
    const folder = application();
    addPackage(folder, { contents: 'version https://git-lfs.github.com/spec/v1\n' });
    expectFailure(failure(folder), 'foreign', /is no native library/, 'npm install');
  });

  test("the file is another's addon", () => {
    const folder = application();
    // What it exports is there to be found under other names.
    addPackage(folder, { contents: other('NativeEngine', 'AnotherClass') });
    expectFailure(failure(folder), 'foreign', /is an addon, but not rust-net's/, 'npm install');
  });

  test('the file is a library, but no addon', () => {
    const folder = application();
    // Its function for Node-API has another name.
    addPackage(folder, { contents: other('napi_register_module_v1', 'xapi_register_module_v1') });
    expectFailure(failure(folder), 'foreign', /is a library, but not rust-net's binding/, 'npm install');
  });

  test('the binding is of another version', () => {
    const folder = application();
    addPackage(folder);
    const file = path.join(folder, 'node_modules', 'rust-net', 'lib', 'packed', 'start.js');
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(`version: "${version}"`, 'version: "99.0.0"'));
    const cause = new RegExp(`belongs to rust-net ${version.replaceAll('.', '\\.')}, and this is 99\\.0\\.0`);
    expectFailure(failure(folder), 'version', cause, 'npm install');
  });

  test('the code was bundled, and the binding was not', () => {
    const folder = application();
    fs.writeFileSync(path.join(folder, 'entry.js'), "require('rust-net');");
    bundle(folder, 'entry.js', 'dist/bundle.js');
    const ran = play(folder, "require('./dist/bundle.js');");
    expect(ran.stderr).toMatch(/Cause: the code of rust-net was bundled, and its binding was not/);
    expect(ran.stderr).toContain("Remedy: mark 'rust-net' as external");
    expect(ran.stderr).toMatch(/Looked in:\n {2}.*\n/);
    expect(play(folder, "require('./dist/bundle.js');", { env: { RUST_NET_BINDING: BINDING } }).status).toBe(0);
  });

  test.each([
    ['win32', 'x64', /does not support win32-x64/, 'fall back'],
    ['freebsd', 'x64', /does not support freebsd-x64/, 'npx rust-net build'],
    ['linux', 'mips', /does not support linux-mips/, 'npx rust-net build'],
  ])('%s on %s is not supported', (platform, arch, cause, remedy) => {
    const folder = application();
    const preload = path.join(folder, 'preload.js');
    fs.writeFileSync(preload, `Object.defineProperties(process, { platform: { value: '${platform}' }, arch: { value: '${arch}' } });`);
    expectFailure(failure(folder, { flags: ['--require', preload] }), 'unsupported', cause, remedy);
  });

  (SYSTEM === 'linux' ? test : test.skip)('the glibc of the system is too old', () => {
    const folder = application();
    addPackage(folder, { contents: needingGlibc('9.99') });
    expectFailure(failure(folder), 'glibc', /it needs glibc 9\.99 or newer/, 'npx rust-net build');
  });

  const canMount = SYSTEM === 'linux' && spawnSync('unshare', ['--mount', 'true']).status === 0;
  (canMount ? test : test.skip)('its file system is mounted with noexec', () => {
    const folder = application();
    const real = fs.realpathSync(folder);
    addPackage(folder);
    const remount = `mount --bind ${real} ${real} && mount -o remount,bind,noexec ${real} && cd ${real} && exec "$@"`;
    const error = failure(folder, { wrapper: ['unshare', '--mount', 'sh', '-c', remount, 'sh'] });
    expectFailure(error, 'noexec', /is mounted with noexec/, `mount -o remount,exec ${real}`);
  });

  test('the file may not be read', () => {
    const folder = application();
    const file = addPackage(folder);
    fs.chmodSync(file, 0);
    const wrapper = process.getuid() === 0 ? ['setpriv', '--reuid=65534', '--clear-groups', '--inh-caps=-all'] : [];
    for (const one of [folder, path.join(folder, '..')]) fs.chmodSync(one, 0o755);
    expectFailure(failure(folder, { wrapper }), 'unreadable', /can't be read/, `chmod a+r ${file}`);
  });
});

describe.each(nodes())('on Node %i', (major, node) => {
  const permission = major < 22 ? '--experimental-permission' : '--permission';

  test('under the permission model, addons may not be loaded', () => {
    const folder = application();
    addPackage(folder);
    const flags = [permission, '--allow-fs-read=*'];
    const error = failure(folder, { node, flags });
    expectFailure(error, 'disabled', /permission model lets no addon be loaded/, '--allow-addons');
    expect(failure(folder, { node, flags: [...flags, '--allow-addons'] })).toBeNull();
  });

  test('under the permission model, the binding may not be read', () => {
    const folder = application();
    addPackage(folder);
    const allowed = ['app.js', 'node_modules/rust-net/'].map((name) => `--allow-fs-read=${path.join(folder, name)}`);
    const flags = [permission, '--allow-addons', ...allowed];
    const error = failure(folder, { node, flags });
    // Node 20 lets modules be read all the same.
    if (major < 22) expect(error).toBeNull();
    else expectFailure(error, 'disabled', /does not let the binding be read/, '--allow-fs-read=');
    const scope = path.join(folder, 'node_modules', '@rust-net/');
    expect(failure(folder, { node, flags: [...flags, `--allow-fs-read=${scope}`] })).toBeNull();
  });

  test('--no-addons', () => {
    const folder = application();
    addPackage(folder);
    for (const options of [{ flags: ['--no-addons'] }, { env: { NODE_OPTIONS: '--no-addons' } }]) {
      const error = failure(folder, { node, ...options });
      expectFailure(error, 'disabled', /started with --no-addons/, 'take --no-addons out');
    }
  });

  test('what a program prints that does not catch it is short', () => {
    const { status, stderr } = play(application(), "\nrequire('rust-net');", { node });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^ {4}at .*app\.js:2:1\)?/m);
    expect(stderr).not.toMatch(/^ {4}at .*(node:|rust-net\/lib)/m);
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(20);
  });
});

/** The real binding, as if it had been linked against a newer glibc. */
function needingGlibc(wanted) {
  const contents = fs.readFileSync(BINDING);
  const newest = [...contents.toString('latin1').matchAll(/GLIBC_2\.\d+(?=\0)/g)].map(([name]) => name)
    .reduce((a, b) => (Number(b.split('.')[1]) > Number(a.split('.')[1]) ? b : a));
  const replacement = `GLIBC_${wanted}`;
  if (replacement.length !== newest.length) throw new Error(`${newest} is not as long as ${replacement}`);
  // ELF names a version by its text, and by a hash of it.
  contents.write(replacement, contents.indexOf(`${newest}\0`), 'latin1');
  const [from, to] = [newest, replacement].map((name) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(elfHash(name));
    return bytes;
  });
  for (let at = contents.indexOf(from); at !== -1; at = contents.indexOf(from, at + 4)) to.copy(contents, at);
  return contents;
}

function elfHash(name) {
  let hash = 0;
  for (const letter of name) {
    hash = ((hash << 4) >>> 0) + letter.charCodeAt(0);
    const high = hash & 0xf0000000;
    hash = (hash ^ (high >>> 24)) & ~high;
  }
  return hash >>> 0;
}
