// Minimum-cost assignment by shortest augmenting paths (Jonker and Volgenant, Computing 38, 1987), in the rectangular
// form of Crouse, "On implementing 2D rectangular assignment algorithms" (IEEE TAES 2016). O(rows² columns).

import type { FloatArray } from "./tensor.js";

export interface Assignment {
  /** The column of each row, -1 for a row that is left over because there are fewer columns. */
  readonly columnOfRow: Int32Array;
  /** The sum of the costs chosen. */
  readonly cost: number;
}

/**
 * Pairs as many rows with columns as there are of the fewer, each at most once, at the least total cost. `cost` is
 * row-major, rows x columns, finite, of any sign. Throws RangeError for a wrong length or an entry that is not finite.
 */
export function assign(cost: FloatArray, rows: number, columns: number): Assignment {
  if (cost.length !== rows * columns) {
    throw new RangeError(`a ${rows} x ${columns} cost matrix holds ${rows * columns} numbers, got ${cost.length}`);
  }
  const bad = cost.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const at = `row ${Math.floor(bad / columns)}, column ${bad % columns}`;
    throw new RangeError(`assignment costs must be finite, got ${cost[bad]} in ${at}`);
  }
  let columnOfRow: Int32Array;
  if (rows <= columns) {
    columnOfRow = matchRows(cost, rows, columns);
  } else {
    columnOfRow = new Int32Array(rows).fill(-1);
    matchRows(transpose(cost, rows, columns), columns, rows).forEach((row, column) => {
      columnOfRow[row] = column;
    });
  }
  let total = 0;
  columnOfRow.forEach((column, row) => {
    if (column >= 0) total += cost[row * columns + column]!;
  });
  return { columnOfRow, cost: total };
}

/** Matches every row, one after the other, by the shortest path to a free column in reduced costs. rows <= columns. */
function matchRows(cost: FloatArray, rows: number, columns: number): Int32Array {
  const columnOfRow = new Int32Array(rows).fill(-1);
  const rowOfColumn = new Int32Array(columns).fill(-1);
  const rowPrice = new Float64Array(rows);
  const columnPrice = new Float64Array(columns);
  const distance = new Float64Array(columns);
  const previousRow = new Int32Array(columns);
  // open[0 .. count) are the columns not yet reached for good, open[count ..) those reached, last one first.
  const open = new Int32Array(columns);

  for (let start = 0; start < rows; start++) {
    for (let j = 0; j < columns; j++) open[j] = j;
    distance.fill(Number.POSITIVE_INFINITY);
    let count = columns;
    let row = start;
    let column = -1;
    let reached = 0;
    do {
      const offset = row * columns;
      const base = reached - rowPrice[row]!;
      let nearest = Number.POSITIVE_INFINITY;
      let place = -1;
      for (let k = 0; k < count; k++) {
        const j = open[k]!;
        const through = base + cost[offset + j]! - columnPrice[j]!;
        if (through < distance[j]!) {
          distance[j] = through;
          previousRow[j] = row;
        }
        const length = distance[j]!;
        // Among equals a free column ends the path at once.
        if (length < nearest || (length === nearest && rowOfColumn[j] === -1)) {
          nearest = length;
          place = k;
        }
      }
      reached = nearest;
      column = open[place]!;
      count--;
      open[place] = open[count]!;
      open[count] = column;
      row = rowOfColumn[column]!;
    } while (row !== -1);

    rowPrice[start]! += reached;
    for (let k = count; k < columns; k++) {
      const j = open[k]!;
      const slack = reached - distance[j]!;
      columnPrice[j]! -= slack;
      if (rowOfColumn[j] !== -1) rowPrice[rowOfColumn[j]!]! += slack;
    }
    for (let j = column; ; ) {
      const owner = previousRow[j]!;
      const before = columnOfRow[owner]!;
      rowOfColumn[j] = owner;
      columnOfRow[owner] = j;
      if (owner === start) break;
      j = before;
    }
  }
  return columnOfRow;
}

function transpose(matrix: FloatArray, rows: number, columns: number): Float64Array {
  const turned = new Float64Array(matrix.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) turned[j * rows + i] = matrix[i * columns + j]!;
  }
  return turned;
}
