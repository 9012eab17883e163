'use strict';

// The names of the sides that the benchmark compares.

const { isOurs, isSide, runsNode } = require('../../benchmark/processes');

test.each(['rust-net', 'rust-net/node', 'rust-net@26', 'rust-net/node@26'])('%s is ours', (side) => {
  expect(isOurs(side)).toBe(true);
  expect(isSide(side)).toBe(true);
});

test.each(['node', 'node@26', 'bun', 'deno', 'tokio', 'io_uring'])('%s is a side to compare with', (side) => {
  expect(isOurs(side)).toBe(false);
  expect(isSide(side)).toBe(true);
});

test.each(['rust-net/tls', 'rust-net/node@next', 'node@latest', 'nothing'])('%s is no side', (side) => {
  expect(isOurs(side)).toBe(false);
  expect(isSide(side)).toBe(false);
});

test.each(['rust-net', 'rust-net/node@26', 'node', 'node@26', '..', '/somewhere'])('%s runs on Node', (side) => {
  expect(runsNode(side)).toBe(true);
});

test.each(['tokio', 'io_uring', 'bun', 'deno'])('%s does not run on Node', (side) => {
  expect(runsNode(side)).toBe(false);
});
