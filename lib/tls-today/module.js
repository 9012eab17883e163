'use strict';

// The object that programs know as `tls`. As in Node, its functions are looked up when they are used, so that a program
// can put others in their place: our own exports, or Node's module where ours has been put into it.

const current = { module: null };

function useModule(module) {
  current.module = module;
}

module.exports = { current, useModule };
