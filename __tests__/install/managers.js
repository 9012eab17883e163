'use strict';

// `rust-net` in an empty project, by each package manager: how the registry is configured, how it installs, and what
// runs the programs of the project then.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const DEADLINE = 120_000;

const NODE = process.execPath;

/**
 * By name: `files` tell of the registry at `url`, `install` is the command, and `run` is what starts a program of the
 * project: Node, unless it says otherwise. A manager that knows no C libraries installs the bindings for both.
 */
const MANAGERS = {
  'npm': {
    files: (url) => ({ '.npmrc': `registry=${url}/\n` }),
    install: () => ['npm', 'install', '--no-audit', '--no-fund', 'rust-net'],
    run: () => [NODE],
  },
  'pnpm': {
    files: (url) => ({ '.npmrc': `registry=${url}/\nstore-dir=.store\n` }),
    install: ({ pnpm }) => [NODE, pnpm, 'add', 'rust-net'],
    run: () => [NODE],
  },
  'yarn classic': {
    files: (url) => ({ '.yarnrc': `registry "${url}/"\ncache-folder "./.cache"\n` }),
    install: ({ yarnClassic }) => [NODE, yarnClassic, 'add', 'rust-net'],
    run: () => [NODE],
    knowsLibc: false,
  },
  'yarn, Plug\'n\'Play': {
    files: (url) => ({ '.yarnrc.yml': yarnrc(url, 'pnp'), 'yarn.lock': '' }),
    install: ({ yarnBerry }) => [NODE, yarnBerry, 'add', 'rust-net'],
    run: ({ yarnBerry }) => [NODE, yarnBerry, 'node'],
  },
  'yarn, node_modules': {
    files: (url) => ({ '.yarnrc.yml': yarnrc(url, 'node-modules'), 'yarn.lock': '' }),
    install: ({ yarnBerry }) => [NODE, yarnBerry, 'add', 'rust-net'],
    run: () => [NODE],
  },
  'bun': {
    files: (url) => ({ 'bunfig.toml': `[install]\nregistry = "${url}/"\ncache = ".cache"\n` }),
    install: ({ bun }) => [bun, 'add', 'rust-net'],
    run: ({ bun }) => [bun],
    isNode: false,
  },
  'deno': {
    files: (url) => ({
      '.npmrc': `registry=${url}/\n`,
      'deno.json': '{ "nodeModulesDir": "auto", "minimumDependencyAge": "0" }\n',
    }),
    install: ({ deno }) => [deno, 'add', 'npm:rust-net'],
    run: ({ deno }) => [deno, 'run', '--allow-all'],
    isNode: false,
    knowsLibc: false,
  },
};

function yarnrc(url, linker) {
  const settings = {
    cacheFolder: './.cache',
    enableGlobalCache: false,
    enableTelemetry: false,
    nodeLinker: linker,
    // Without it, `import` does not find what `require` does.
    pnpEnableEsmLoader: true,
    npmRegistryServer: url,
    unsafeHttpWhitelist: '["127.0.0.1"]',
    // Packages that are a minute old are what this is about.
    npmMinimalAgeGate: 0,
  };
  return Object.entries(settings).map(([name, value]) => `${name}: ${value}\n`).join('');
}

/** The environment of a program that is to know nothing of this project, and to keep its files in `folder`. */
function cleanEnvironment(folder) {
  const ours = /^(?:npm_|NODE_|JEST_|RUST_NET_|YARN_|BUN_|DENO_|INIT_CWD)/i;
  const home = path.join(folder, 'home');
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name))),
    CI: '1',
    DENO_DIR: path.join(home, 'deno'),
    DENO_NO_UPDATE_CHECK: '1',
    HOME: home,
    XDG_CACHE_HOME: path.join(home, 'cache'),
    XDG_CONFIG_HOME: path.join(home, 'config'),
    XDG_DATA_HOME: path.join(home, 'data'),
    npm_config_cache: path.join(home, 'npm'),
    npm_config_update_notifier: 'false',
    // With the registry's address known by the project alone.
    npm_config_userconfig: path.join(home, '.npmrc'),
  };
}

/** The sum of the sizes of all files below `folder`; of one that has several names, once. */
function sizeOf(folder, seen = new Set()) {
  return fs.readdirSync(folder, { withFileTypes: true }).reduce((total, entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isSymbolicLink()) return total;
    if (entry.isDirectory()) return total + sizeOf(file, seen);
    const { ino, size } = fs.statSync(file);
    if (seen.has(ino)) return total;
    seen.add(ino);
    return total + size;
  }, 0);
}

/** An empty project in `folder`, which the manager `name` has installed rust-net in from the registry at `url`. */
class Project {
  constructor(name, folder, url, files) {
    this.folder = folder;
    this.tools = files;
    this.manager = MANAGERS[name];
    this.env = cleanEnvironment(folder);
    const all = { 'package.json': '{ "name": "empty", "version": "1.0.0", "private": true }\n', ...this.manager.files(url) };
    fs.mkdirSync(this.env.HOME, { recursive: true });
    for (const [file, text] of Object.entries(all)) fs.writeFileSync(path.join(folder, file), text);
    const start = Date.now();
    this.execute(this.manager.install(files));
    this.milliseconds = Date.now() - start;
  }

  execute([command, ...args]) {
    try {
      return execFileSync(command, args, {
        cwd: this.folder, env: this.env, encoding: 'utf8', timeout: DEADLINE, stdio: ['ignore', 'pipe', 'pipe'],
      });
    } catch (error) {
      error.message += `\n${error.stdout}`;
      throw error;
    }
  }

  /** Runs `file` of the project, and returns what it prints. `flags` are the runtime's own. */
  run(file, flags = []) {
    return this.execute([...this.manager.run(this.tools), ...flags, file]);
  }

  /** The size of what has been installed, in bytes, without the caches of the manager. */
  size() {
    const places = ['node_modules', '.yarn/unplugged'].map((place) => path.join(this.folder, place));
    return places.filter((place) => fs.existsSync(place)).reduce((total, place) => total + sizeOf(place), 0);
  }

  /** The names of the packages of platforms that have been installed. */
  platforms() {
    const found = new Set();
    const visit = (folder, depth) => {
      if (depth === 0 || !fs.existsSync(folder)) return;
      for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
        const [, platform] = /^rust-net\.(.+)\.node$/.exec(entry.name) ?? [];
        if (platform) found.add(platform);
        if (entry.isDirectory()) visit(path.join(folder, entry.name), depth - 1);
      }
    };
    for (const place of ['node_modules', '.yarn/unplugged']) visit(path.join(this.folder, place), 7);
    return [...found].sort();
  }
}

module.exports = { MANAGERS, Project, cleanEnvironment };
