'use strict';

// One side of the conversations: `talk.js serve rust-net` serves them all, prints where and ends with its input;
// `talk.js talk node PLACES` plays the clients and prints what they have seen. `rust-net` and `node`: whose modules.

const conversations = require('./conversations');

const MODULES = {
  'rust-net': () => ({
    page: require('../../..'),
    net: require('../../../node'),
    tls: require('../../../tls'),
    http: require('../../../http'),
    https: require('../../../https'),
  }),
  'node': () => ({ net: require('net'), tls: require('tls'), http: require('http'), https: require('https') }),
};

async function serve(modules) {
  const places = {};
  const cleanups = [];
  const tools = { atEnd: (cleanup) => cleanups.push(cleanup) };
  for (const [name, { serve }] of Object.entries(conversations)) places[name] = await serve(modules, tools);
  console.log(JSON.stringify(places));
  process.stdin.resume().on('end', () => cleanups.reverse().forEach((cleanup) => cleanup()));
}

async function talk(modules, places) {
  for (const [name, { talk }] of Object.entries(conversations)) {
    let seen;
    try {
      seen = await talk(modules, places[name]);
    } catch (error) {
      seen = { failed: String(error.stack) };
    }
    console.log(JSON.stringify([name, seen]));
  }
}

const [role, whose, places] = process.argv.slice(2);
const modules = MODULES[whose]();

if (role === 'serve') serve(modules);
else talk(modules, JSON.parse(places));
