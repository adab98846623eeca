// Mean and deviation of a few values, true also of equal ones and near the largest numbers that there are.

// Counted from the first value on, so that the mean of equal values is that value, and not a rounding beside it.
/** @param {Float64Array | number[]} values */
export function mean(values) {
  const n = values.length,
    first = values[0];
  let sum = 0;
  for (const value of values) sum += value - first;
  if (Number.isFinite(sum)) return first + sum / n;
  sum = 0;
  for (const value of values) sum += value / n;
  return sum;
}

// The root of the mean square of what is left of values without their mean, in units of the largest of these.
/** @param {Float64Array | number[]} values */
export function deviation(values) {
  const at = mean(values);
  let unit = 0,
    squares = 0;
  for (const value of values) unit = Math.max(unit, Math.abs(value - at));
  if (!unit) return 0;
  for (const value of values) squares += ((value - at) / unit) ** 2;
  return unit * Math.sqrt(squares / (values.length - 1));
}
