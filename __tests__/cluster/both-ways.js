'use strict';

// Runs a program of `programs/` without rust-net/register and with it.

const path = require('path');
const { DEADLINE, ROOT, run } = require('../node/project');

const FOLDER = path.join(__dirname, 'programs');
const FLAGS = ['--require', path.join(ROOT, 'register.js')];

/** What it prints, as JSON, with the flag (`isOurs`) or without. */
async function oneWay(program, node, isOurs, env = {}) {
  const flags = isOurs ? FLAGS : [];
  return JSON.parse(await run(FOLDER, [...flags, program], { node, env: { ...env, OURS: isOurs ? '1' : '0' } }));
}

/** What it prints both ways: `{ ours, nodes }`. */
async function bothWays(program, node, env) {
  return { nodes: await oneWay(program, node, false, env), ours: await oneWay(program, node, true, env) };
}

module.exports = { DEADLINE, FLAGS, FOLDER, bothWays, oneWay };
