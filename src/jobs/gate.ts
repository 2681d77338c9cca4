// Shared memory between a pool and one of its threads that says whether the thread may be ended. Ending a thread while it is inside
// ONNX Runtime kills the whole process (measured with onnxruntime-node 1.30: an uncaught Napi::Error), and so does leaving the process.
// Both sides first raise their own flag and then look at the other's, so that one of them always sees the other (Dekker).
import type { Backend, Session } from "../engine/backends/backend.js";

const ABORTED = 0;
const IN_RUNTIME = 1;

/** Two flags in shared memory: [aborted, in runtime]. */
export type Gate = Int32Array;

export const createGate = (): Gate => new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));

/** Pool side: from now on the thread enters the runtime no more. */
export function closeGate(gate: Gate): void {
  Atomics.store(gate, ABORTED, 1);
}

/** Thread side: true once the case is not wanted any more. */
export const isClosed = (gate: Gate): boolean => Atomics.load(gate, ABORTED) === 1;

/** Pool side, after `closeGate`: true while the thread must not be ended. */
export const inRuntime = (gate: Gate): boolean => Atomics.load(gate, IN_RUNTIME) > 0;

/** Thread side: a backend whose every call is seen by the pool, and that throws `reason()` once the gate is closed. */
export function gatedBackend(backend: Backend, gate: Gate, reason: () => unknown): Backend {
  async function count<Result>(call: () => Promise<Result>): Promise<Result> {
    Atomics.add(gate, IN_RUNTIME, 1);
    try {
      return await call();
    } finally {
      Atomics.sub(gate, IN_RUNTIME, 1);
    }
  }
  const pass = <Result>(call: () => Promise<Result>): Promise<Result> =>
    count(() => {
      if (isClosed(gate)) throw reason();
      return call();
    });

  return {
    name: backend.name,
    dtypes: backend.dtypes,
    load: (model, dtype) =>
      pass(async (): Promise<Session> => {
        const session = await backend.load(model, dtype);
        return {
          run: (feeds) => pass(() => session.run(feeds)),
          // Freeing memory is allowed at any time.
          dispose: () => count(() => session.dispose()),
        };
      }),
  };
}
