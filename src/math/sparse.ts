// Sparse matrices in compressed rows (CSR): what LSQR multiplies by.

export interface SparseMatrix {
  readonly rows: number;
  readonly columns: number;
  /** Row i has the entries `starts[i]` to `starts[i + 1]`. */
  readonly starts: Int32Array;
  readonly indices: Int32Array;
  readonly values: Float64Array;
}

/** A matrix from its entries row by row. Throws RangeError for a column outside it. */
export function sparseMatrix(
  columns: number,
  rows: readonly (readonly (readonly [column: number, value: number])[])[],
): SparseMatrix {
  const starts = new Int32Array(rows.length + 1);
  rows.forEach((row, i) => {
    starts[i + 1] = starts[i]! + row.length;
  });
  const indices = new Int32Array(starts[rows.length]!);
  const values = new Float64Array(indices.length);
  rows.forEach((row, i) => {
    row.forEach(([column, value], k) => {
      if (!(column >= 0 && column < columns)) {
        throw new RangeError(`row ${i} names column ${column} of a matrix of ${columns} columns`);
      }
      indices[starts[i]! + k] = column;
      values[starts[i]! + k] = value;
    });
  });
  return { rows: rows.length, columns, starts, indices, values };
}

/** y += A x. */
export function addProduct({ rows, starts, indices, values }: SparseMatrix, x: Float64Array, y: Float64Array): void {
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let k = starts[i]!; k < starts[i + 1]!; k++) sum += values[k]! * x[indices[k]!]!;
    y[i]! += sum;
  }
}

/** x += Aᵀ y. */
export function addTransposedProduct(matrix: SparseMatrix, y: Float64Array, x: Float64Array): void {
  const { rows, starts, indices, values } = matrix;
  for (let i = 0; i < rows; i++) {
    const factor = y[i]!;
    if (factor === 0) continue;
    for (let k = starts[i]!; k < starts[i + 1]!; k++) x[indices[k]!]! += factor * values[k]!;
  }
}
