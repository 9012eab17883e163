'use strict';

module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/__tests__/**/*.test.js'],
  modulePathIgnorePatterns: ['<rootDir>/target/'],
};
