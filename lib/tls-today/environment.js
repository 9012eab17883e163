'use strict';

// What environment variables and flags of Node mean for TLS. Only here: `rust-net` and `rust-net/node` never weaken.

let hasWarned = false;

/** Whether NODE_TLS_REJECT_UNAUTHORIZED turns the default of `rejectUnauthorized` off. Node's warning comes once. */
function allowsUnauthorized() {
  const allows = process.env.NODE_TLS_REJECT_UNAUTHORIZED === '0';
  if (allows && !hasWarned) {
    hasWarned = true;
    process.emitWarning(
      "Setting the NODE_TLS_REJECT_UNAUTHORIZED environment variable to '0' makes TLS connections and HTTPS requests " +
        'insecure by disabling certificate verification.',
    );
  }
  return allows;
}

module.exports = { allowsUnauthorized };
