'use strict';

// D26: "a script that closes all it opened exits by itself, [...] under jest too".

const path = require('path');
const { scratch } = require('../helpers');
const { DEADLINE, runProgram } = require('./child');

jest.setTimeout(2 * DEADLINE);

const PROJECT = path.join(__dirname, 'fixtures', 'jest-project');
const JEST = require.resolve('jest/bin/jest');

const WAYS = [
  ['in workers', ['--maxWorkers=2']],
  ['--runInBand', ['--runInBand']],
  ['--detectOpenHandles', ['--detectOpenHandles']],
  ['--runInBand --logHeapUsage, with the collector exposed', ['--runInBand', '--logHeapUsage'], ['--expose-gc']],
];

test.each(WAYS)('D26: jest exits by itself and has nothing to complain of: %s', async (_, args, node = []) => {
  const folder = scratch();
  const config = {
    rootDir: PROJECT,
    testMatch: ['**/*.spec.js'],
    testEnvironment: 'node',
    transform: {},
    // Without the timings of former runs, jest does not run short tests in band of itself.
    cacheDirectory: folder,
  };
  const report = path.join(folder, 'report.json');
  const line = [process.execPath, ...node, JEST, '--config', JSON.stringify(config), '--json', '--outputFile', report];
  const { stderr, code, signal } = await runProgram([...line, ...args], { cwd: PROJECT });
  expect(stderr).not.toMatch(/open handle|did not exit|failed to exit|force exited/i);
  expect(stderr).toContain('Tests:       12 passed, 12 total');
  expect({ code, signal }).toEqual({ code: 0, signal: null });
  const { numPassedTests, openHandles } = require(report);
  expect({ numPassedTests, openHandles }).toEqual({ numPassedTests: 12, openHandles: [] });
});
