// Types of chromium.js, for the tests of the web backends.
import type { Browser } from "playwright-core";

export const noBrowser: string | null;
export function launch(): Promise<Browser>;
export function bundle(entry: URL): Promise<string>;
export function serve(
  script: string,
  options: { isolated: boolean; data?: Readonly<Record<string, () => Uint8Array>> },
): Promise<{ address: string; files: string; close(): Promise<void> }>;
