'use strict';

// What many measurements amount to.

/** The value below which `share` of the values lie. */
function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  return below + (sorted[Math.ceil(place)] - below) * (place % 1);
}

const median = (values) => quantile(values, 0.5);

/** The smallest and the largest of the medians of groups of values. */
function range(groups) {
  const medians = groups.map(median);
  return [Math.min(...medians), Math.max(...medians)];
}

module.exports = { median, quantile, range };
