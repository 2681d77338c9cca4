// A picture of few pixels, drawn as they are: every pixel a square, since that is what the model sees.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Picture } from "../protocol.js";

/** Without a label it is part of something that has one. */
export function CanvasPicture({ picture, label }: { picture: Picture; label?: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    draw(canvas.current!, picture);
  }, [picture]);
  const { width, height } = picture;
  const told =
    label === undefined ? ({ "aria-hidden": true } as const) : ({ role: "img", "aria-label": label } as const);
  return <canvas ref={canvas} {...told} width={width} height={height} />;
}

/** A picture with its caption. The box keeps its size while there is no picture. */
export function Captioned({
  picture,
  label,
  children,
}: {
  picture: Picture | null | undefined;
  label: string;
  children: ComponentChildren;
}) {
  return (
    <figure class="captioned">
      {picture ? <CanvasPicture picture={picture} label={label} /> : <span class="no-picture" />}
      <figcaption>{children}</figcaption>
    </figure>
  );
}

function draw(canvas: HTMLCanvasElement, { width, height, pixels }: Picture): void {
  const area = width * height;
  const image = new ImageData(width, height);
  for (let i = 0; i < area; i++) {
    for (let channel = 0; channel < 3; channel++) {
      // The array clamps and rounds.
      image.data[4 * i + channel] = 255 * pixels[channel * area + i]!;
    }
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}
