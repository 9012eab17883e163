'use strict';

// Environment variables. Deno may not let them be read (without --allow-env): there, they count as not set.

function variable(name) {
  try {
    return process.env[name];
  } catch {
    return undefined;
  }
}

module.exports = { variable };
