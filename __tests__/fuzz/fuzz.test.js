'use strict';

// The fuzz targets in JavaScript (fuzz/js), for a second or so each; what fails says with which seed. They run for
// longer with `node scripts/fuzz.js`. `cargo test` replays the corpus of the targets in Rust.

const { once } = require('events');
const fs = require('fs');
const path = require('path');
const { createServer } = require('../..');
const { Random } = require('../../fuzz/random');
const { closeAtEnd } = require('../helpers');

const FOLDER = path.join(__dirname, '..', '..', 'fuzz', 'js');
const SEEDS = 300;

const targets = fs.readdirSync(FOLDER).map((file) => path.basename(file, '.js'));
const first = Math.floor(Math.random() * 2 ** 32);

test.each(targets)('%s keeps its promises', async (target) => {
  const { play } = require(path.join(FOLDER, target));
  for (let i = 0; i < SEEDS; i++) {
    const seed = (first + i) >>> 0;
    try {
      play(seed);
    } catch (cause) {
      throw new Error(`seed ${seed}: ${cause.message}`, { cause });
    }
    // What was opened is closed in between.
    if (i % 16 === 0) await new Promise(setImmediate);
  }
}, 60_000);

test.each([['decoder', 1]])('%s keeps them with seed %i, which once broke one', (target, seed) => {
  require(path.join(FOLDER, target)).play(seed);
});

test('a backlog that is no number is none: nothing without a code is thrown at it', async () => {
  for (const backlog of [Symbol('s'), Object.create(null)]) {
    for (const args of [[0, '127.0.0.1', backlog], [{ port: 0, host: '127.0.0.1', backlog }]]) {
      const server = closeAtEnd(createServer());
      server.listen(...args);
      await once(server, 'listening');
    }
  }
});

test('a descriptor that is no number is none: nothing without a code is thrown at it, and the rest counts', async () => {
  const socketOptions = { freebind: true };
  for (const fd of [Symbol('s'), Object.create(null), '3']) {
    for (const options of [{}, { socketOptions }]) {
      const server = closeAtEnd(createServer());
      server.listen({ port: 0, host: '127.0.0.1', fd, ...options });
      await once(server, 'listening');
    }
  }
});

test('a seed reproduces what it chose', () => {
  const choices = (seed) => {
    const random = new Random(seed);
    return Array.from({ length: 100 }, () => random.below(1000));
  };
  expect(choices(7)).toEqual(choices(7));
  expect(choices(7)).not.toEqual(choices(8));
});
