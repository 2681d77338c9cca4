// The null vector of a small (n-1)×n matrix by Gaussian elimination with full pivoting.

/** Unit vector that `matrix` (row-major, (n-1)×n, overwritten) sends to 0; null when a pivot falls below `tolerance` of the first. */
export function nullVector(matrix: Float64Array, n: number, tolerance = 1e-10): Float64Array | null {
  const order = Array.from({ length: n }, (_, column) => column);
  let first = 0;
  for (let step = 0; step < n - 1; step++) {
    let [size, row, column] = [0, step, step];
    for (let i = step; i < n - 1; i++) {
      for (let j = step; j < n; j++) {
        const entry = Math.abs(matrix[i * n + j]!);
        if (entry > size) [size, row, column] = [entry, i, j];
      }
    }
    if (step === 0) first = size;
    if (!(size > tolerance * first)) return null;
    if (row !== step) for (let j = 0; j < n; j++) swap(matrix, row * n + j, step * n + j);
    if (column !== step) {
      for (let i = 0; i < n - 1; i++) swap(matrix, i * n + column, i * n + step);
      [order[column], order[step]] = [order[step]!, order[column]!];
    }
    for (let i = step + 1; i < n - 1; i++) {
      const factor = matrix[i * n + step]! / matrix[step * n + step]!;
      for (let j = step; j < n; j++) matrix[i * n + j]! -= factor * matrix[step * n + j]!;
    }
  }
  const solved = new Float64Array(n);
  solved[n - 1] = 1;
  let square = 1;
  for (let i = n - 2; i >= 0; i--) {
    let sum = 0;
    for (let j = i + 1; j < n; j++) sum += matrix[i * n + j]! * solved[j]!;
    solved[i] = -sum / matrix[i * n + i]!;
    square += solved[i]! ** 2;
  }
  const vector = new Float64Array(n);
  const length = Math.sqrt(square);
  order.forEach((column, i) => {
    vector[column] = solved[i]! / length;
  });
  return vector;
}

function swap(values: Float64Array, i: number, j: number): void {
  const held = values[i]!;
  values[i] = values[j]!;
  values[j] = held;
}
