// From a decoder's interleaved samples to planar RGB bytes: grey is spread, alpha is laid over white.

/** A decoded picture: planar RGB bytes, [3, height, width]. */
export interface RgbPicture {
  readonly shape: readonly [channels: 3, height: number, width: number];
  readonly data: Uint8Array;
}

/** The largest picture that any decoder here takes on, in pixels. */
export const MAX_PIXELS = 64_000_000;

/**
 * Turns interleaved bytes of 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha) channels into a planar RGB picture.
 * `data` must hold `width * height * channels` bytes.
 */
export function toPlanar(data: Uint8Array, width: number, height: number, channels: number): RgbPicture {
  const area = width * height;
  const planar = new Uint8Array(3 * area);
  const hasAlpha = channels % 2 === 0;
  const isGrey = channels < 3;
  for (let i = 0; i < area; i++) {
    const at = i * channels;
    const alpha = hasAlpha ? data[at + channels - 1]! : 255;
    for (let c = 0; c < 3; c++) {
      const value = data[isGrey ? at : at + c]!;
      planar[c * area + i] = alpha === 255 ? value : Math.round((value * alpha + 255 * (255 - alpha)) / 255);
    }
  }
  return { shape: [3, height, width], data: planar };
}
