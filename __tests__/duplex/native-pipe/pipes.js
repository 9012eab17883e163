'use strict';

// Two connections and a pipe from one to the other.

const { createHash, randomBytes } = require('crypto');
const { once } = require('events');
const nodeNet = require('net');
const { Readable } = require('stream');
const net = require('../../..');
const { pair } = require('../../helpers');

const OPEN = { allowHalfOpen: true };

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** What goes through a pipe. */
const content = randomBytes(3_000_000);

/** Counts the chunks that JavaScript sees of `stream`, from now on. */
function chunksOf(stream) {
  const spy = jest.spyOn(Readable.prototype, 'push');
  return () => spy.mock.calls.filter(([chunk], i) => spy.mock.contexts[i] === stream && chunk !== null).length;
}

/**
 * Two connections, and the inner ends of both: `[source, from, target, to]`. What `from` sends, `source` receives; what
 * `target` is written, `to` receives. Those of the middle are ours, or of the module `middle`.
 */
async function twoConnections({ middle = net, options = OPEN } = {}) {
  const [from, source] = await pair({ client: nodeNet, server: middle, serverOptions: options, clientOptions: OPEN });
  const [target, to] = await pair({ client: middle, server: nodeNet, clientOptions: options, serverOptions: OPEN });
  return [source, from, target, to];
}

/** `source.pipe(target)` once the engine does it: a first byte has gone through, which `to` gets. */
async function piped(source, from, target, to, options) {
  source.pipe(target, options);
  from.write('>');
  const [first] = await once(to, 'data');
  expect(first.toString()).toBe('>');
}

module.exports = { OPEN, chunksOf, content, digest, piped, twoConnections };
