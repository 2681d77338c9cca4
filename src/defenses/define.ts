// What a defense is: one file, one value. It says where it attaches and gives the hooks for a round.
import type { z } from "zod";
import type { AttachedDefense, Hooks, Need, Stage } from "../federated/hooks.js";

/** Where federations run. Parts of TensorFlow are those of TensorFlow Federated and TensorFlow Privacy, of PyTorch those of Opacus, too. */
export const frameworks = ["Flower", "PyTorch", "TensorFlow", "NVIDIA FLARE"] as const;
export type Framework = (typeof frameworks)[number];

export interface DefenseDefinition<Schema extends z.ZodObject> {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly source: string;
  /** Attachment point of the systematisation. */
  readonly at: "input" | "model" | "update" | "aggregation" | "server" | "detection";
  readonly family: "formal" | "heuristic" | "baseline";
  readonly stage: Stage;
  readonly needs: readonly Need[];
  readonly randomness: "none" | "seeded" | "csprng";
  readonly options: Schema;
  /** What to do in a user's own federation, as the end of a sentence that begins with "Switch on …:". */
  readonly advice: string;
  /**
   * The same in the terms of the frameworks that have a part for it, by names that were read in their documentation or code (Flower 1.2x,
   * Opacus, TensorFlow Federated 0.87, TensorFlow Privacy 0.9, NVIDIA FLARE 2.x; November 2026). One that is left out has none.
   */
  readonly inFrameworks?: Readonly<Partial<Record<Framework, string>>>;
  /** As in federated/hooks.ts: what an attached defense has besides its hooks. */
  traits?(
    options: z.infer<Schema>,
  ): Partial<Pick<AttachedDefense, "hidesUploads" | "agreedCoordinates" | "jacobianAt" | "needs" | "stage">>;
  hooks(options: z.infer<Schema>): Partial<Hooks>;
  /** What is proven of it, of a defense with an accountant; null where its options leave nothing to prove. */
  privacy?(options: z.infer<Schema>, exposure: Exposure): Guarantee | null;
}

/** What each framework has for a defense, in words. */
export const partsOf = ({ inFrameworks }: Pick<Defense, "inFrameworks">): Record<Framework, string> =>
  Object.fromEntries(
    frameworks.map((framework) => [framework, inFrameworks?.[framework] ?? "no ready part"]),
  ) as Record<Framework, string>;

/** How often a federation makes use of the same data, which is what an accountant counts. */
export interface Exposure {
  readonly rounds: number;
  readonly clients: number;
  /** Records of one client. */
  readonly samples: number;
  readonly batchSize: number;
  /** Gradients that a client takes in a round. */
  readonly steps: number;
  /** Tensors of an update. */
  readonly tensors: number;
}

export interface Guarantee {
  /** Whose presence is hidden: a client's with all its records, or one record's. */
  readonly unit: "client" | "record";
  /** Null for infinity: nothing is proven. */
  readonly epsilon: number | null;
  readonly delta: number;
  /** The same in words, with whatever it rests on. */
  readonly text: string;
}

export type Defense = DefenseDefinition<z.ZodObject>;

export function defineDefense<Schema extends z.ZodObject>(defense: DefenseDefinition<Schema>): Defense {
  return defense as unknown as Defense;
}

/** A defense with its options, ready for a round. */
export function attach(defense: Defense, options: Readonly<Record<string, unknown>>): AttachedDefense {
  const parsed = defense.options.parse(options);
  return {
    id: defense.id,
    stage: defense.stage,
    needs: defense.needs,
    hooks: defense.hooks(parsed),
    ...defense.traits?.(parsed),
  };
}
