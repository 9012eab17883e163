'use strict';

// Loads the native binding, or says what to do about it.

const { platform, arch, version } = process;

function describe(error) {
  const lines = [];
  for (let cause = error; cause; cause = cause.cause) {
    lines.push(...String(cause.message).trim().split('\n'));
  }
  return [...new Set(lines)].map((line) => `  ${line}`).join('\n');
}

function load() {
  try {
    return require('../binding.js');
  } catch (cause) {
    const error = new Error(
      `rust-net has no native binding for ${platform}-${arch} that Node ${version} can load.\n` +
        `Tried:\n${describe(cause)}\n` +
        'To build it from source, with Rust (https://rustup.rs) installed:\n' +
        `  cd ${require('path').dirname(__dirname)} && npm install --include=dev && npm run build\n` +
        'Supported: Linux and macOS, x64 and arm64.',
      { cause },
    );
    error.code = 'ERR_RUST_NET_BINDING';
    throw error;
  }
}

module.exports = load();
