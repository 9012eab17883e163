'use strict';

// Tests of Node's own that pass without rust-net/register and fail with it, each with the reason. `nodes`: the major
// versions of Node for which that is so, if not for all. `scripts/nodes-tests.js` fails if a reason is not needed.

module.exports = [];
