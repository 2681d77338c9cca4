// Small dense linear systems: least squares through ridge-regularised normal equations and Gaussian elimination with partial pivoting.

/** Solves A x = b in place of copies; `a` is row-major n×n. Throws RangeError when a pivot vanishes. */
export function solve(a: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  const matrix = a.slice();
  const x = b.slice();
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++) {
      if (Math.abs(matrix[row * n + column]!) > Math.abs(matrix[pivot * n + column]!)) pivot = row;
    }
    if (matrix[pivot * n + column] === 0) throw new RangeError(`the system of ${n} equations is singular`);
    if (pivot !== column) {
      for (let k = 0; k < n; k++) {
        const held = matrix[column * n + k]!;
        matrix[column * n + k] = matrix[pivot * n + k]!;
        matrix[pivot * n + k] = held;
      }
      const held = x[column]!;
      x[column] = x[pivot]!;
      x[pivot] = held;
    }
    for (let row = column + 1; row < n; row++) {
      const factor = matrix[row * n + column]! / matrix[column * n + column]!;
      if (factor === 0) continue;
      for (let k = column; k < n; k++) matrix[row * n + k]! -= factor * matrix[column * n + k]!;
      x[row]! -= factor * x[column]!;
    }
  }
  for (let row = n - 1; row >= 0; row--) {
    for (let k = row + 1; k < n; k++) x[row]! -= matrix[row * n + k]! * x[k]!;
    x[row]! /= matrix[row * n + row]!;
  }
  return x;
}

/** Minimises ‖A x - b‖² for `a` row-major m×n. A ridge of 1e-12 of the mean diagonal keeps rank-deficient systems solvable. */
export function leastSquares(a: Float64Array, b: Float64Array, columns: number): Float64Array {
  const normal = new Float64Array(columns * columns);
  const right = new Float64Array(columns);
  for (let row = 0; row < b.length; row++) {
    const line = a.subarray(row * columns, (row + 1) * columns);
    for (let i = 0; i < columns; i++) {
      right[i]! += line[i]! * b[row]!;
      for (let j = 0; j < columns; j++) normal[i * columns + j]! += line[i]! * line[j]!;
    }
  }
  let trace = 0;
  for (let i = 0; i < columns; i++) trace += normal[i * columns + i]!;
  for (let i = 0; i < columns; i++) normal[i * columns + i]! += (1e-12 * trace) / columns;
  return solve(normal, right);
}
