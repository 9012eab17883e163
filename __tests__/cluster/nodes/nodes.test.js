'use strict';

// The same as in cluster.test.js, on every Node but the one that runs the tests.

const { MAJORS, OWN } = require('../../package/nodes');
const { playOn } = require('../plays');

playOn(MAJORS.filter((major) => major !== OWN));
