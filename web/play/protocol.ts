// What the page and the worker tell each other, and what the page offers: plain data that survives a structured clone.
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Planes of red, green and blue, row by row, 0 to 1. */
  readonly pixels: Float32Array;
}

/** What to play: one picture, one client, one round. A request that comes while another is played waits for its end. */
export interface PlayRequest {
  readonly picture: Picture;
  readonly label: number;
  /** Ids out of `choices`. */
  readonly model: string;
  readonly attack: string;
  readonly defense: string | null;
  /** One of the defense's steps; 0 where there is no defense. */
  readonly strength: number;
  readonly seed: number;
}

export interface LayerNorm {
  readonly name: string;
  readonly shape: readonly number[];
  readonly norm: number;
  /** Of the squared norm of all layers, 0 to 1. */
  readonly share: number;
}

/** In this order, but for `error`, which ends a run at any time; `ready` comes once, before all. */
export type PlayMessage =
  | { readonly kind: "ready"; readonly backend: string }
  | {
      readonly kind: "update";
      readonly layers: readonly LayerNorm[];
      readonly norm: number;
      /** The first layer's gradient. */
      readonly picture: Picture;
      readonly bytes: number;
      /** The same client's update without the defense; null where there is none. */
      readonly without: { readonly norm: number; readonly picture: Picture } | null;
    }
  | {
      readonly kind: "label";
      readonly label: number;
      /** False where several classes fit: the label is a guess. */
      readonly sure: boolean;
    }
  | {
      readonly kind: "progress";
      /** Of this start. */
      readonly iteration: number;
      readonly iterations: number;
      /** Starts count from 0. */
      readonly start: number;
      readonly starts: number;
      readonly loss: number;
      /** Null where the attack shows none this time. */
      readonly picture: Picture | null;
    }
  | {
      /** Nothing came back through a defense: the same is played without it, since otherwise that says nothing. */
      readonly kind: "control";
    }
  | {
      readonly kind: "done";
      readonly picture: Picture;
      /** In dB, as all PSNR here. */
      readonly psnr: number;
      readonly floor: { readonly psnr: number; readonly what: string };
      readonly seconds: number;
      readonly verdict: "leaked" | "held" | "unknown";
      readonly why: string;
    }
  | { readonly kind: "error"; readonly message: string };

export interface Offer {
  readonly id: string;
  readonly name: string;
  readonly sentence: string;
}

export interface Strength {
  readonly name: string;
  /** From weak to strong. */
  readonly steps: readonly number[];
  readonly default: number;
  readonly unit: string;
}

export interface DefenseOffer extends Offer {
  readonly strength: Strength | null;
  /** Whether it covers the gradient with noise, or sends a part of it only. */
  readonly effect: "noise" | "part";
}

/** What the page offers; the first of each is the default, but that no defense is on. */
export const choices: {
  readonly models: readonly Offer[];
  readonly attacks: readonly Offer[];
  readonly defenses: readonly DefenseOffer[];
} = {
  models: [
    { id: "lenet", name: "LeNet", sentence: "Three small convolutions, as in the first paper on the attack." },
    { id: "mlp", name: "Two dense layers", sentence: "3,072 pixels, 256 units, one answer per class." },
  ],
  attacks: [
    {
      id: "dlg",
      name: "Deep Leakage from Gradients",
      sentence: "Starts from noise and changes it until its gradient equals the one that was sent.",
    },
    {
      id: "inverting-gradients",
      name: "Inverting Gradients",
      sentence: "Starts from grey and changes it until its gradient points the same way, smoothly.",
    },
    {
      id: "robbing-the-fed",
      name: "Robbing the Fed",
      sentence: "The server cheats: it adds a layer to the model that copies pictures into the gradient.",
    },
  ],
  defenses: [
    {
      id: "client-dp",
      name: "Differential privacy at the client",
      sentence: "The client cuts its gradient to a fixed length and adds noise.",
      strength: {
        name: "noise",
        steps: [0, 0.00001, 0.0001, 0.001, 0.01, 0.1, 1],
        default: 1,
        unit: "× the cut",
      },
      effect: "noise",
    },
    {
      id: "top-k",
      name: "Top-k sparsification",
      sentence: "The client sends only the largest entries.",
      strength: { name: "kept", steps: [0.9, 0.7, 0.5, 0.3, 0.1, 0.03, 0.01], default: 0.01, unit: "of all entries" },
      effect: "part",
    },
    {
      id: "soteria",
      name: "Soteria",
      sentence: "The client leaves out what the last layer tells of the picture.",
      strength: { name: "left out", steps: [1, 20, 40, 60, 80, 95], default: 60, unit: "% of the features" },
      effect: "part",
    },
  ],
};
