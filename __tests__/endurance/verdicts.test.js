'use strict';

// Many certificates: the verdicts on them, compared with those of `node:tls`. `../tls/verdicts.test.js` has fewer, and
// those that once differed.

const { compareCases } = require('../tls/verdicts/tests');

compareCases(500);
