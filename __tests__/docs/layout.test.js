'use strict';

// scripts/layout.js, on made-up trees: each rule finds what breaks it, and nothing else.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { findOffences } = require('../../scripts/layout');

const MAP = ['index.js', 'lib/net.js', 'lib/stream/', 'lib/engine.js', 'src/lib.rs', 'src/engine/', 'src/stream.rs', 'src/socket/'];

/** A tree in which all is well. */
const WELL = {
  'index.js': '// The entry.\nmodule.exports = require(\'./lib/net\');\n',
  'lib/net.js': '\'use strict\';\n\n// The module.\nrequire(\'./stream\');\nrequire(\'net\');\n',
  'lib/stream/index.js': '// Streams.\nrequire(\'./reading\');\n// require(\'../net\') is not meant.\n',
  'lib/stream/reading.js': '// Reading.\nrequire(\'../engine\');\n',
  'lib/engine.js': '// The engine.\n',
  'src/lib.rs': '//! The crate.\n\npub mod engine;\npub mod socket;\npub mod stream;\n',
  'src/engine/mod.rs': '//! The engine.\n\nmod turn;\n\nuse self::turn::Turn;\nuse crate::stream::Stream;\n',
  'src/engine/turn.rs': '//! Its turns.\n\nuse super::Engine;\nuse crate::stream::{self, Stream};\n',
  'src/stream.rs': '//! A stream.\n\nuse crate::socket::Descriptor;\n\n#[cfg(test)]\nmod tests {\n    use crate::engine::Engine;\n}\n',
  'src/socket/mod.rs': '//! Sockets.\n\npub mod io;\nmod descriptor;\n\npub use self::descriptor::Descriptor;\n',
  'src/socket/descriptor.rs': '//! A descriptor.\n\nuse std::fs::File;\nunsafe {}\n',
  'src/socket/io.rs': '//! Moving bytes.\n\nuse super::{Descriptor, Kind};\n',
};

const roots = [];
afterAll(() => roots.forEach((root) => fs.rmSync(root, { recursive: true })));

/** What is found in the tree that is well, but for some files, and with this map. */
function offences(files, map = MAP) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-layout-'));
  roots.push(root);
  const rows = map.map((name) => `| \`${name}\` | what lives there |\n`).join('');
  const page = `# Architecture\n\n## The map\n\n${rows}\n## More\n\n| \`lib/other.js\` | not of the map |\n`;
  for (const [file, text] of Object.entries({ 'ARCHITECTURE.md': page, ...WELL, ...files })) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), text);
  }
  return findOffences(root);
}

test('nothing is found where all is well', () => {
  expect(offences({})).toEqual([]);
});

describe('imports go down the map', () => {
  test('in JavaScript', () => {
    expect(offences({ 'lib/engine.js': '// The engine.\nconst net = () => require(\'./stream/reading\');\n' })).toEqual([
      'upwards in the map: lib/engine.js imports lib/stream/reading.js',
      'a circle of imports: lib/stream/reading.js -> lib/engine.js -> lib/stream/reading.js',
    ]);
  });

  test.each([
    ['a path', 'use crate::stream::Stream;'],
    ['a group', 'use crate::{engine, stream::{Stream as Other}};'],
    ['a path in code', 'fn f() { crate::stream::close() }'],
    ['a path by `super`', 'fn f() { super::super::stream::close() }'],
    ['what another module exports again', 'pub use crate::stream::Stream;\nfn f() -> Stream {}'],
  ])('in Rust, %s', (_, code) => {
    expect(offences({ 'src/socket/io.rs': `//! Moving bytes.\n\n${code}\n` })).toContain(
      'upwards in the map: src/socket/io.rs imports src/stream.rs',
    );
  });

  test('in Rust, through the name that a module exports again', () => {
    const found = offences({ 'src/socket/descriptor.rs': '//! A descriptor.\n\nuse super::io;\nunsafe {}\n' });
    expect(found).toEqual(['a circle of imports: src/socket/descriptor.rs -> src/socket/io.rs -> src/socket/descriptor.rs']);
  });

  test('not in comments, texts and tests', () => {
    const code = '//! Moving bytes: [`Stream`](crate::stream::Stream).\n\n// crate::stream::Stream\n' +
      'const A: &str = "crate::stream::Stream";\n#[cfg(test)]\nuse crate::stream::Stream;\n' +
      '#[cfg(test)]\n#[derive(Debug)]\nstruct B { c: crate::stream::Stream }\n';
    expect(offences({ 'src/socket/io.rs': code })).toEqual([]);
  });

  test('a circle within a folder', () => {
    expect(offences({ 'lib/stream/reading.js': '// Reading.\nrequire(\'./index\');\n' })).toEqual([
      'a circle of imports: lib/stream/index.js -> lib/stream/reading.js -> lib/stream/index.js',
    ]);
  });
});

describe('the map', () => {
  test('names every file', () => {
    expect(offences({ 'lib/new.js': '// New.\n', 'src/new.rs': '//! New.\n' })).toEqual([
      'not in the map: lib/new.js',
      'not in the map: src/new.rs',
    ]);
  });

  test('names nothing that is not there', () => {
    expect(offences({}, [...MAP, 'lib/gone.js', 'src/gone/'])).toEqual([
      'in the map, but not there: lib/gone.js',
      'in the map, but not there: src/gone/',
    ]);
  });

  test('names each once', () => {
    expect(offences({}, [...MAP, 'lib/engine.js'])).toEqual(['named twice in the map: lib/engine.js']);
  });

  test('may name a file of a folder that it names: then the file is a layer of its own', () => {
    expect(offences({}, ['lib/stream/reading.js', ...MAP])).toEqual([
      'upwards in the map: lib/stream/index.js imports lib/stream/reading.js',
    ]);
  });
});

describe('places', () => {
  test('Node-API is in the binding only', () => {
    expect(offences({ 'src/stream.rs': '//! A stream.\n\nuse napi::Env;\n' })).toEqual(['Node-API in src/stream.rs:3: use napi::Env;']);
  });

  test('unsafe is in the files that are listed for it', () => {
    expect(offences({ 'src/stream.rs': '//! A stream. unsafe\n\nunsafe {}\n' })).toEqual(['unsafe in src/stream.rs:3: unsafe {}']);
  });

  test('a file that is listed for it has some', () => {
    const file = 'src/engine/tests/mod.rs';
    expect(offences({ [file]: '//! Memory.\n\nunsafe {}\n' })).toEqual([]);
    expect(offences({ [file]: '//! Memory.\n' })).toEqual([`listed for unsafe, but has none: ${file}`]);
  });
});

describe('files', () => {
  test.each(['lib/stream/reading.js', 'scripts/long.js', '__tests__/long.test.js', 'benchmark/long.js', 'src/stream.rs'])(
    'have 500 lines at most: %s',
    (file) => {
      const opening = file.endsWith('.rs') ? '//! Its purpose.\n' : '// Its purpose.\n';
      expect(offences({ [file]: opening + '\n'.repeat(499) })).toEqual([]);
      expect(offences({ [file]: opening + '\n'.repeat(500) })).toEqual([`longer than 500 lines: ${file} (501)`]);
    },
  );

  test.each([
    ['lib/engine.js', '\'use strict\';\n\nconst a = 1;\n// Late.\n'],
    ['lib/engine.js', '\'use strict\';\n'],
    ['lib/engine.js', '\'use strict\';\n\n//\n'],
    ['src/stream.rs', '// Not of the module.\n'],
    ['src/stream.rs', '//!\n'],
  ])('open with their purpose: %s', (file, text) => {
    expect(offences({ [file]: text })).toEqual([`does not open with its purpose: ${file}`]);
  });

  test.each([
    ['scripts/a.js', '#!/usr/bin/env node\n\'use strict\';\n\n// What it does.\n'],
    ['__tests__/types/a.ts', '/**\n * What it does.\n */\n'],
  ])('whatever stands above it: %s', (file, text) => {
    expect(offences({ [file]: text })).toEqual([]);
  });
});
