'use strict';

// What the kernel knows of a process (descriptors, memory, CPU time), and whether that is flat.

const { execFileSync } = require('child_process');
const fs = require('fs');

const [PAGE, TICKS] = ['PAGESIZE', 'CLK_TCK'].map((name) => Number(execFileSync('getconf', [name])));

/** `{ descriptors, rss, cpu }` of process `pid`, in bytes and seconds; null if there is none. */
function sample(pid) {
  try {
    const descriptors = fs.readdirSync(`/proc/${pid}/fd`).length;
    const rss = Number(fs.readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE;
    const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    return { descriptors, rss, cpu: (Number(fields[11]) + Number(fields[12])) / TICKS };
  } catch {
    return null;
  }
}

/**
 * The line that fits the points `[x, y]` best (least squares): by how much it rises from the first to the last point,
 * the standard error of that, and the mean of `y`.
 */
function fit(points) {
  const mean = (pick) => points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const [meanX, meanY] = [mean(([x]) => x), mean(([, y]) => y)];
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (points.length < 3 || spread === 0) return { rise: 0, error: Infinity, mean: meanY };
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const rest = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  const width = points.at(-1)[0] - points[0][0];
  return { rise: slope * width, error: Math.sqrt(rest / (points.length - 2) / spread) * width, mean: meanY };
}

/** Whether the points rise by more than `most`, beyond what chance would explain. */
function rises(points, most) {
  const { rise, error } = fit(points);
  return rise - 2 * error > most;
}

module.exports = { fit, rises, sample };
