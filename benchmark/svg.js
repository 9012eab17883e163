'use strict';

// What the charts are written with: text, and colours that can be read in light and in dark. A chart has a ground of
// its own, since the page that shows it may be dark while the system is not.

const COLOURS = {
  ground: ['#ffffff', '#161b22'],
  text: ['#1f2328', '#e6edf3'],
  quiet: ['#59636e', '#9da7b1'],
  grid: ['#d8dee4', '#30363d'],
  ours: ['#1f6feb', '#58a6ff'],
  other: ['#bc4c00', '#f0883e'],
};

/** Plain classes for one of the two: many programs that show SVG know no variables. */
const rules = (shade) => Object.entries(COLOURS)
  .map(([name, { [shade]: colour }]) => `.${name} { fill: ${colour}; } .${name}-line { stroke: ${colour}; fill: none; }`)
  .join('\n');

const STYLE = `
text { font: 12px system-ui, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif; }
text.title { font-size: 15px; font-weight: 600; }
text.heading { font-weight: 600; }
text.small { font-size: 11px; }
${rules(0)}
@media (prefers-color-scheme: dark) {
${rules(1)}
}
`;

function escape(text) {
  return String(text).replace(/[&<>"]/g, (one) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[one]);
}

/** An element. Children are elements, or arrays of them. */
function element(name, attributes, ...children) {
  const given = Object.entries(attributes).map(([key, value]) => ` ${key}="${escape(rounded(value))}"`).join('');
  const inside = children.flat(Infinity).join('');
  return inside === '' ? `<${name}${given}/>` : `<${name}${given}>${inside}</${name}>`;
}

const rounded = (value) => (typeof value === 'number' ? Math.round(value * 10) / 10 : value);

/** A line of text. `kind` are its classes, `anchor` what of it is at `x`. */
function text(x, y, words, kind = 'text', anchor = 'start') {
  return element('text', { x, y, 'class': kind, 'text-anchor': anchor }, escape(words));
}

function line(x1, y1, x2, y2, kind, width = 1) {
  return element('line', { x1, y1, x2, y2, 'class': `${kind}-line`, 'stroke-width': width });
}

/** A whole chart. `title` is what screen readers say. */
function picture(width, height, title, ...children) {
  const attributes = { xmlns: 'http://www.w3.org/2000/svg', width, height, viewBox: `0 0 ${width} ${height}`, role: 'img' };
  const ground = element('rect', { width, height, rx: 6, 'class': 'ground' });
  return `${element('svg', attributes, `<title>${escape(title)}</title><style>${STYLE}</style>`, ground, '\n', children.flat(Infinity).join('\n'))}\n`;
}

/** Gives where a value lies between `from` and `to` when `low` and `high` are there, on a logarithmic scale. */
function scale([low, high], [from, to]) {
  return (value) => from + ((to - from) * Math.log(value / low)) / Math.log(high / low);
}

/** Round values from `low` to `high`: these digits times the powers of ten. */
function ticks(low, high, digits = [1, 2, 5]) {
  const all = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    all.push(...digits.map((digit) => Number(`${digit}e${power}`)));
  }
  return all.filter((value) => value >= low * 0.999 && value <= high * 1.001);
}

/** Small lines below a chart, of `letters` at most. The first one is at `y`. */
function notes(x, y, all, letters) {
  return all.flatMap((words) => wrap(words, letters)).map((words, i) => text(x, y + NOTE * i, words, 'quiet small'));
}

/** What a line of the notes needs. */
const NOTE = 16;

function wrap(words, letters) {
  const wrapped = [''];
  for (const word of words.split(' ')) {
    if (wrapped.at(-1) !== '' && wrapped.at(-1).length + word.length >= letters) wrapped.push('');
    wrapped.push(`${wrapped.pop()} ${word}`.trimStart());
  }
  return wrapped;
}

module.exports = { NOTE, element, line, notes, picture, scale, text, ticks };
