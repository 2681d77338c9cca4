// The promises of test/backend-promises.ts as tests; prints one line per backend: how many it kept, or why it did not run.
import { afterAll, describe, it } from "vitest";
import type { Backend } from "../src/engine/backends/backend.js";
import { type BackendPromise, backendPromises, type MissingKernel } from "./backend-promises.js";

const say = (line: string) => process.stdout.write(`backend ${line}\n`);

/** Registers `promises` as tests of what is called `name`. */
export function testPromises(name: string, promises: readonly BackendPromise[]): void {
  describe(`backend ${name}`, () => {
    let kept = 0;
    afterAll(() => say(`${name}: ran, ${kept} of ${promises.length} passed`));
    for (const promise of promises) {
      it(promise.name, async () => {
        await promise.check();
        kept++;
      });
    }
  });
}

/** Registers the suite for `backend`. */
export const testBackend = (backend: Backend, { missing }: { readonly missing?: MissingKernel } = {}): void =>
  testPromises(backend.name, backendPromises(backend, missing));

/** Registers that a backend cannot run here. */
export function skipBackend(name: string, reason: string): void {
  say(`${name}: not run, ${reason}`);
  describe.skip(`backend ${name} cannot run here: ${reason}`, () => it("is skipped", () => {}));
}
