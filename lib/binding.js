'use strict';

// The native binding. Where there is none, requiring this throws, and says what to do about it.

const { binding, failure } = require('./loading').loadBinding();

if (failure !== null) throw failure;

module.exports = binding;
