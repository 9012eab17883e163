'use strict';

// Runs the plays of the files that are named, and prints what each has seen.

const path = require('path');
const { Tools } = require('./tools');

async function main() {
  const outcomes = {};
  for (const name of process.argv.slice(2)) {
    for (const [title, play] of Object.entries(require(path.join(__dirname, name)))) {
      const tools = new Tools();
      try {
        outcomes[`${name}: ${title}`] = await play(tools);
      } catch (error) {
        outcomes[`${name}: ${title}`] = { failed: error.stack };
      }
      await tools.end();
    }
  }
  process.stdout.write(JSON.stringify(outcomes));
}

main();
