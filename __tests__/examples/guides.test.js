'use strict';

// The guides: "the examples run as they are, with the flag and without it".

const fs = require('fs');
const path = require('path');
const { examplesOf, folderWithKey, run } = require('./blocks');

const FOLDER = path.join('docs', 'guides');

const pages = fs.readdirSync(path.join(__dirname, '..', '..', FOLDER));

describe.each(pages)('%s', (page) => {
  const examples = examplesOf(path.join(FOLDER, page));

  test.each(examples)('"%s" (%s) without the flag', (_words, language, code, output) => {
    expect(run(folderWithKey('selfSigned'), language, code)).toBe(output);
  });

  test.each(examples)('"%s" (%s) with it', (_words, language, code, output) => {
    expect(run(folderWithKey('selfSigned'), language, code, ['--import', 'rust-net/register'])).toBe(output);
  });
});
