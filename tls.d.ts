// Types of rust-net/tls: those of `node:tls`, from the application's `@types/node`.

/// <reference types="node" />

export * from 'node:tls';
