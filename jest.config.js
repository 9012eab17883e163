'use strict';

const os = require('os');

module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/__tests__/**/*.test.js'],
  // A safety net, for what hangs; no test is about so long a time.
  testTimeout: 60_000,
  // Much of a test is waiting for child processes: with one worker for each core, a quarter of the cores' time is left.
  maxWorkers: Math.ceil(1.5 * os.availableParallelism()),
  modulePathIgnorePatterns: ['<rootDir>/target/'],
};
