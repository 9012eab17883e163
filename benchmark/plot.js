'use strict';

// Lines on logarithmic axes: how cost grows.

const { NOTE, element, line, notes, picture, scale, text, ticks } = require('./svg');

const WIDTH = 640;
const LEFT = 64;
const RIGHT = 540;
const TOP = 62;
const BOTTOM = 322;
const MARGIN = 20;
const LETTERS = 95;

/** Names of lines keep at least so much from each other. */
const NAME = 15;

/**
 * A plot, as SVG. `x` is `{ title, values, show }`: where ticks are, and what they are called. `series` is a list of
 * `{ name, kind, points }` with points `[x, y]`. `y` is the title of the other axis, `foot` what is below.
 */
function plot({ title, x: across, y: up, series, foot }) {
  const x = scale([across.values[0], across.values.at(-1)], [LEFT, RIGHT]);
  const heights = series.flatMap(({ points }) => points.map(([, height]) => height));
  const ends = [Math.min(...heights) / 1.25, Math.max(...heights) * 1.25];
  const y = scale(ends, [BOTTOM, TOP]);
  const grid = [
    ticks(...ends).map((value) => [
      line(LEFT, y(value), RIGHT, y(value), 'grid'),
      text(LEFT - 8, y(value) + 4, String(value), 'quiet small', 'end'),
    ]),
    across.values.map((value) => [
      line(x(value), BOTTOM, x(value), BOTTOM + 5, 'quiet'),
      text(x(value), BOTTOM + 18, across.show(value), 'quiet small', 'middle'),
    ]),
    line(LEFT, BOTTOM, RIGHT, BOTTOM, 'quiet'),
  ];
  const names = spread(series.map(({ points }) => y(points.at(-1)[1])));
  const lines = series.map(({ name, kind, points }, i) => {
    const places = points.map(([along, height]) => [x(along), y(height)]);
    const path = places.map((place, first) => `${first === 0 ? 'M' : 'L'}${place.map((one) => one.toFixed(1))}`).join(' ');
    return [
      element('path', { d: path, 'class': `${kind}-line`, 'stroke-width': 2 }),
      places.map(([cx, cy]) => element('circle', { cx, cy, r: 3, 'class': kind })),
      text(RIGHT + 10, names[i] + 4, name, `${kind} heading`),
    ];
  });
  const below = notes(MARGIN, BOTTOM + 62, foot, LETTERS);
  const height = BOTTOM + 62 + NOTE * below.length;
  const head = [
    text(MARGIN, 28, title, 'text title'),
    text(MARGIN, 48, up, 'quiet small'),
    text((LEFT + RIGHT) / 2, BOTTOM + 36, across.title, 'quiet small', 'middle'),
  ];
  return picture(WIDTH, height, title, head, grid, lines, below);
}

/** The heights, moved apart where they are too near to each other to be read. */
function spread(heights) {
  const order = heights.map((height, i) => [height, i]).sort(([a], [b]) => a - b);
  const moved = [...heights];
  for (let i = 1; i < order.length; i++) {
    const [[, above], [, below]] = [order[i - 1], order[i]];
    const missing = NAME - (moved[below] - moved[above]);
    if (missing > 0) moved[below] += missing;
  }
  return moved;
}

module.exports = { plot };
