// What a defense is: one file, one value. It says where it attaches and gives the hooks for a round.
import type { z } from "zod";
import type { AttachedDefense, Hooks, Need, Stage } from "../federated/hooks.js";

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
  /** As in federated/hooks.ts: what an attached defense has besides its hooks. */
  traits?(options: z.infer<Schema>): Pick<AttachedDefense, "hidesUploads" | "agreedCoordinates" | "jacobianAt">;
  hooks(options: z.infer<Schema>): Partial<Hooks>;
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
