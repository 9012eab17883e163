'use strict';

module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/__tests__/**/*.test.js'],
  // A safety net, for what hangs; no test is about so long a time.
  testTimeout: 60_000,
  // Much of a test is waiting for child processes.
  maxWorkers: '100%',
  modulePathIgnorePatterns: ['<rootDir>/target/'],
};
