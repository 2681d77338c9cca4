// The suite of backends sees what it is for: each backend here breaks one promise, and the check of that promise says so.
import { describe, expect, it } from "vitest";
import type { Backend, Session } from "../src/engine/backends/backend.js";
import { nodeCpu } from "../src/engine/backends/node-cpu.js";
import { backendPromises } from "./backend-promises.js";

const honest: Backend = { ...nodeCpu({ threads: 1 }), dtypes: ["float32"] };

/** A backend whose sessions are changed. */
const withSession = (change: (session: Session) => Partial<Session>): Backend => ({
  ...honest,
  async load(model, dtype) {
    const session = await honest.load(model, dtype);
    return { ...session, ...change(session) };
  },
});

const faults: Readonly<Record<string, readonly [Backend, RegExp]>> = {
  "rounds its results": [
    withSession(({ run }) => ({
      run: async (feeds) =>
        Object.fromEntries(
          Object.entries(await run(feeds)).map(([name, data]) => [name, data.map((v) => Math.round(v * 100) / 100)]),
        ),
    })),
    /evaluates several outputs/,
  ],
  "writes into feeds": [
    withSession(({ run }) => ({
      async run(feeds) {
        const results = await run(feeds);
        for (const { data } of Object.values(feeds)) data.fill(0);
        return results;
      },
    })),
    /leaves the caller's model and feeds/,
  ],
  "gives the same arrays twice": [
    withSession(({ run }) => {
      let first: ReturnType<typeof run> | undefined;
      return {
        async run(feeds) {
          first ??= run(feeds);
          const [kept, results] = await Promise.all([first, run(feeds)]);
          for (const [name, data] of Object.entries(results)) kept[name]?.set(data);
          return kept;
        },
      };
    }),
    /gives results away/,
  ],
  "never frees": [withSession(() => ({ dispose: () => Promise.resolve() })), /refuses later ones/],
  "takes any bytes": [
    { ...honest, load: (model, dtype) => honest.load(model, dtype).catch(() => ({}) as Session) },
    /refuses what is no model/,
  ],
};

describe("backendPromises", () => {
  it.each(Object.keys(faults))("sees a backend that %s", async (fault) => {
    const [backend, promise] = faults[fault]!;
    const broken = backendPromises(backend).find(({ name }) => promise.test(name))!;
    await expect(broken.check()).rejects.toThrow(/^broken: /);
    const same = backendPromises(honest).find(({ name }) => promise.test(name))!;
    await expect(same.check()).resolves.toBeUndefined();
  });
});
