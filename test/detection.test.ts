// The short twin of proofs/detection.proof.ts: no alarm on 21 honestly trained models.
import { expect, it } from "vitest";
import { openDataset } from "../src/data/open.js";
import { inspectPayload } from "../src/defenses/detection/inspect.js";
import { architectures, recipes, trainHonestly } from "./honest-models.js";

const portraits = await openDataset({ source: "portraits", size: 16 });

it.each(architectures)("raises no alarm on honestly trained models: %s", async (architecture) => {
  for (const [seed, recipe] of recipes.slice(0, 3).entries()) {
    const [trained] = await trainHonestly({ architecture, dataset: portraits, recipe, seed, keep: [6] });
    const { decision, inspections } = inspectPayload(trained!, { agreed: trained!.model });
    expect(inspections.filter(({ flagged }) => flagged).map(({ report }) => report)).toEqual([]);
    expect(decision).toBe("accept");
  }
});
