import { describe, expect, it } from "vitest";
import { models } from "../../../models/index.js";
import { connectedLayers } from "./cocktail-party-layer.js";

const summary = (id: string) =>
  connectedLayers(models[id]!([3, 32, 32], 10)).map(({ name, outputs, inputs, reads }) => [
    name,
    outputs,
    inputs,
    reads,
  ]);

describe("connectedLayers", () => {
  it("tells a layer that reads images from one that reads embeddings", () => {
    expect(summary("mlp")).toEqual([
      ["fc1", 256, 3072, "images"],
      ["fc2", 10, 256, "embeddings"],
    ]);
    expect(summary("lenet")).toEqual([["fc.0", 10, 768, "embeddings"]]);
  });

  it("leaves out layers that read every token of an image, but not one that reads the class token", () => {
    expect(summary("vit-tiny").map(([name]) => name)).toEqual(["heads.head"]);
  });

  it("names weight and bias as the update does", () => {
    expect(connectedLayers(models.mlp!([1, 4, 4], 3))[0]).toMatchObject({
      weight: "fc1.weight",
      bias: "fc1.bias",
      transposed: false,
    });
  });
});
