'use strict';

// What we promise is promised for Bun and Deno, too: our own tests, run by jest in these.

const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');
const { DIFFERENCES, FILES } = require('./differences');
const { DEADLINE, ROOT, VERSIONS, ensureRuntimes, run } = require('./runtimes');

const PATIENCE = 5 * DEADLINE;

jest.setTimeout(PATIENCE + DEADLINE);

beforeAll(ensureRuntimes);

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** What `jest` says of `names`, files of `__tests__`, in the runtime. */
async function report(runtime, names) {
  const file = path.join(scratch(), 'report.json');
  const files = names.map((name) => path.join('__tests__', `${name}.test.js`));
  const left = DIFFERENCES[runtime].map(([name]) => escaped(name)).join('|');
  // Servers of the runtime's own, of tests about these, may stay open.
  const options = ['--runInBand', '--forceExit', '--json', '--outputFile', file, '-t', `^(?!${left})`];
  const jest = require.resolve('jest/bin/jest');
  const outcome = await run(runtime, [jest, ...options, '--runTestsByPath', ...files], { cwd: ROOT, deadline: PATIENCE });
  if (!fs.existsSync(file)) throw new Error(`There is no report: ${JSON.stringify(outcome)}`);
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}

/** `file: test`, and why, of all that has failed. */
function failures({ testResults }) {
  return testResults.flatMap(({ name, message, status, assertionResults }) => {
    const file = path.relative(ROOT, name);
    const failed = assertionResults.filter((one) => one.status === 'failed');
    if (status === 'failed' && failed.length === 0) return [`${file}: ${message}`];
    return failed.map(({ fullName, failureMessages }) => `${file}: ${fullName}: ${failureMessages[0].slice(0, 1000)}`);
  });
}

describe.each(Object.keys(VERSIONS))('%s', (runtime) => {
  const leftOut = [];

  test.each(Object.entries(FILES))('%s', async (_, names) => {
    const found = await report(runtime, names);
    expect(failures(found)).toEqual([]);
    const all = found.testResults.map(({ assertionResults }) => assertionResults);
    expect(all.filter((tests) => tests.some(({ status }) => status === 'passed')).length).toBe(names.length);
    leftOut.push(...all.flat().filter(({ status }) => status === 'pending').map(({ fullName }) => fullName));
  });

  test('what is left out is there', () => {
    const names = DIFFERENCES[runtime].map(([name]) => name);
    expect(names.filter((name) => !leftOut.some((one) => one.startsWith(name)))).toEqual([]);
  });
});
