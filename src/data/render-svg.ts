// Draws SVG text as square pictures with resvg, a software renderer: the same bytes on every machine.

/** Draws `svg` (square view box, opaque background) at `size` pixels; returns planar RGB bytes, [3, size, size]. */
export type SvgRenderer = (svg: string, size: number) => Uint8Array;

/** Loads the renderer; a native module, so only a set that draws loads it. */
export async function loadSvgRenderer(): Promise<SvgRenderer> {
  const { Resvg } = await import("@resvg/resvg-js");
  return (svg, size) => {
    const options = { fitTo: { mode: "width" as const, value: size }, font: { loadSystemFonts: false } };
    const rgba = new Resvg(svg, options).render().pixels;
    const area = size * size;
    const planar = new Uint8Array(3 * area);
    for (let i = 0; i < area; i++) {
      planar[i] = rgba[4 * i]!;
      planar[area + i] = rgba[4 * i + 1]!;
      planar[2 * area + i] = rgba[4 * i + 2]!;
    }
    return planar;
  };
}
