// What is known of the operations of a trace, and their order. Pure.

/** @typedef {import("./flame_model.js").Operation} Operation */
/** @typedef {"name" | "device" | "count" | "self" | "total" | "mean" | "longest"} Key */
/** @typedef {{ key: Key, title: string, of: (row: Operation) => string | number }} Column */

/** @type {Column[]} */
export const COLUMNS = [
  { key: "name", title: "Operation", of: (row) => row.name },
  { key: "device", title: "Device", of: (row) => row.device },
  { key: "count", title: "Count", of: (row) => row.count },
  { key: "self", title: "Self", of: (row) => row.self },
  { key: "total", title: "Total", of: (row) => row.total },
  { key: "mean", title: "Mean", of: (row) => row.total / row.count },
  { key: "longest", title: "Longest", of: (row) => row.longest },
];

/**
 * @param {Operation[]} rows
 * @param {Key} key
 * @param {boolean} down
 */
export function sorted(rows, key, down) {
  const of = COLUMNS.find((column) => column.key === key)?.of ?? COLUMNS[0].of;
  const sign = down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const x = of(a),
      y = of(b);
    return sign * (x < y ? -1 : x > y ? 1 : 0);
  });
}
