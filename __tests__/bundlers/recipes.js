'use strict';

// Recipes in a page of the documentation: a heading, files, and commands. A block of code after the name of a file is
// that file; the lines of an `sh` block are commands.

const { execFile } = require('child_process');
const fs = require('fs');
const path = require('path');
const { MAJORS, nodes } = require('../package/nodes');
const { DEADLINE, ROOT, project } = require('../node/project');
const { blocksOf, nameOf } = require('../examples/blocks');
const { BINDING, packed } = require('../loading/application');

const TOOLS = path.join(ROOT, 'node_modules');

/** `{ [heading]: { files, commands } }` of the sections of `page` that have commands. */
function recipesOf(page) {
  const text = fs.readFileSync(path.join(ROOT, page), 'utf8');
  const recipes = {};
  for (const section of text.split(/^(?=## )/m).slice(1)) {
    const files = {};
    const commands = [];
    for (const [, words, language, code] of blocksOf(section)) {
      const name = nameOf(words);
      if (name !== null) files[name] = code;
      else if (language === 'sh') commands.push(...code.trim().split('\n'));
    }
    if (commands.length > 0) recipes[section.slice(3, section.indexOf('\n'))] = { files, commands };
  }
  return recipes;
}

/** A project with `files`, the package as it is published, and `packages` of this one's development. */
function projectWith(files, packages = []) {
  const folder = project(files);
  const place = path.join(folder, 'node_modules', 'rust-net');
  fs.rmSync(place);
  fs.cpSync(packed(), place, { recursive: true });
  fs.copyFileSync(BINDING, path.join(place, path.basename(BINDING)));
  for (const name of packages) {
    fs.mkdirSync(path.dirname(path.join(folder, 'node_modules', name)), { recursive: true });
    fs.symlinkSync(path.join(TOOLS, name), path.join(folder, 'node_modules', name));
  }
  return folder;
}

let binaries = null;

/** The folder of the program of Node of that version. */
function folderOfNode(major) {
  binaries ??= new Map(nodes());
  const folder = path.join(ROOT, 'target', 'node-commands', String(major));
  fs.mkdirSync(folder, { recursive: true });
  const link = path.join(folder, 'node');
  if (!fs.existsSync(link)) fs.symlinkSync(binaries.get(major), link);
  return folder;
}

/** Runs a line of a shell in `folder`, with the tools and the Node of that version: what it prints. */
function runLine(folder, line, major = MAJORS.at(-1), env = {}) {
  const PATH = [folderOfNode(major), path.join(TOOLS, '.bin'), process.env.PATH].join(path.delimiter);
  const options = { cwd: folder, env: { ...process.env, ...env, PATH }, timeout: 4 * DEADLINE, maxBuffer: 1 << 24 };
  return new Promise((resolve, reject) => {
    execFile('sh', ['-c', line], options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stdout}${stderr}`));
      else resolve({ stdout, stderr });
    });
  });
}

module.exports = { projectWith, recipesOf, runLine };
