'use strict';

// Runs the programs here: over Node's own modules as a control, and under rust-net/register on every Node.

const fs = require('fs');
const path = require('path');
const { atLast, scratch } = require('../../helpers');
const { certificate, identity } = require('../../tls/pki');
const { MAJORS } = require('../../package/nodes');
const { UNDER_OURS, outcome, binary } = require('../packages/run');

const IDENTITIES = JSON.stringify({
  server: identity('p256'),
  untrusted: identity('unknownIssuer'),
  client: identity('p256Client'),
  ca: certificate('root'),
});

/** The classes of what Node's sockets are made of. */
const OF_NODE = { net: ['TCP'], tls: ['TCP', 'TLSWrap'] };

/**
 * Tests that the program `name` has the outcome `expected`, with the flag and without. Without it, its sockets are of
 * Node: `uses` says whether it has any of TLS. With it, only those in `left` are; the table that has it has the reason.
 * `given()` is the `server` that it talks to, and what else it `knows` of that.
 */
function underBoth(name, { uses = 'tls', left = [], ...expected }, given = () => ({})) {
  let trusted;

  beforeAll(() => {
    trusted = path.join(scratch(atLast), 'ca.pem');
    fs.writeFileSync(trusted, certificate('root'));
  });

  async function check(isOurs, node) {
    const { server, knows } = given();
    await server?.start();
    const PEER = JSON.stringify({ ...server, ...knows });
    const env = { IDENTITIES, NODE_EXTRA_CA_CERTS: trusted, PEER };
    const flags = isOurs ? UNDER_OURS : [];
    const found = await outcome(path.join(__dirname, `${name}.js`), { node, flags, env, server });
    const nodesHandles = isOurs ? left : OF_NODE[uses];
    expect(found).toEqual({ isOurs, nodesHandles, ...expected });
  }

  test('over Node\'s own', () => check(false));
  test.each(MAJORS)('under rust-net/register, on Node %i', (major) => check(true, binary(major)));
}

module.exports = { underBoth };
