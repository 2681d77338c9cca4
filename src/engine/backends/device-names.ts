// The devices that a user may name. Apart from what reaches them, so that a page can read a configuration.
export const devices = ["cpu", "webgpu", "cuda"] as const;
export type Device = (typeof devices)[number];
/** What a user may name: `auto` is the fastest by a measurement. */
export const deviceNames = [...devices, "auto"] as const;
export type DeviceName = (typeof deviceNames)[number];
