// Ctrl-C: the first one asks everything to stop and keeps what is finished, the second one ends the process at once.

/** The reason of an abort by the user. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Gives Ctrl-C its usual meaning back. */
  release(): void;
}

/** Listens for SIGINT and SIGTERM; `announce` is called once, right after the first. */
export function catchInterrupt(announce: () => void): Interrupt {
  const controller = new AbortController();
  const release = (): void => {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  };
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      // Not process.exit: with a thread inside ONNX Runtime it ends in a crash (see jobs/gate.ts). A shell reports 130 here, too.
      release();
      process.kill(process.pid, "SIGINT");
      return;
    }
    controller.abort(new InterruptedError("stopped by Ctrl-C"));
    announce();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return { signal: controller.signal, release };
}
