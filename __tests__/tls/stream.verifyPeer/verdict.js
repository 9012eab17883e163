'use strict';

// A verdict, as all members of a stream that say it.

/** The code of an error, or of a verdict; null is trust. */
const codeOf = (error) => error?.code ?? error ?? null;

/** `[verifyPeer(), authorized, authorizationError]` */
const verdictOf = (stream) => [stream.verifyPeer(), stream.authorized, stream.authorizationError];

/** The verdict with `code`. */
const verdict = (code) => [code === null, code === null, code];

module.exports = { codeOf, verdict, verdictOf };
