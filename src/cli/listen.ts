// A server of ours on a port, for the verbs that serve a page.
import { serve } from "@hono/node-server";
import type { Hono } from "hono";
import { UsageError } from "./exit.js";

/** To this machine only. */
export const LOOPBACK = "127.0.0.1";

export interface Address {
  readonly port: number;
  readonly host: string;
}

export interface RunningServer {
  readonly url: string;
  /** Resolves when the server has ended. */
  readonly closed: Promise<void>;
}

/** Names that a server at `host` answers to; undefined for the loopback's own. */
export const namesOf = (host: string): readonly string[] | undefined =>
  host === LOOPBACK ? undefined : [host, "localhost", LOOPBACK, "[::1]"];

/** Serves `app` until `signal` is aborted. Rejects with UsageError where the port is taken. */
export function listen(app: Hono, { port, host }: Address, signal: AbortSignal): Promise<RunningServer> {
  return new Promise((ready, reject) => {
    const server = serve({ fetch: app.fetch, port, hostname: host }, (address) => {
      const closed = new Promise<void>((done) => {
        server.on("close", done);
      });
      ready({ url: `http://${host}:${address.port}/`, closed });
    });
    server.on("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      reject(
        taken
          ? new UsageError(`port ${port} is taken; choose another with --port, or --port 0`, { cause: error })
          : error,
      );
    });
    signal.addEventListener("abort", () => {
      server.close();
      if ("closeAllConnections" in server) server.closeAllConnections();
    });
  });
}
