'use strict';

// The guides: "the examples run as they are, with the flag and without it".

const fs = require('fs');
const path = require('path');
const { examplesOf, folderWithKey, run } = require('./blocks');

const FOLDER = path.join('docs', 'guides');

const pages = fs.readdirSync(path.join(__dirname, '..', '..', FOLDER))
  .filter((name) => name.endsWith('.md'))
  .map((page) => ({ page, examples: examplesOf(path.join(FOLDER, page)) }))
  .filter(({ examples }) => examples.length > 0);

describe.each(pages)('$page', ({ examples }) => {
  test.each(examples)('"%s" (%s) without the flag', (_words, language, code, output) => {
    expect(run(folderWithKey('localhost'), language, code)).toBe(output);
  });

  test.each(examples)('"%s" (%s) with it', (_words, language, code, output) => {
    expect(run(folderWithKey('localhost'), language, code, ['--import', 'rust-net/register'])).toBe(output);
  });
});
