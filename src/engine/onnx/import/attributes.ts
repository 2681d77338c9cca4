// Attributes of an ONNX node by type. An attribute of another type than the op's is an error of the file.
import { AttributeProto_AttributeType as AttributeType } from "../onnx_pb.js";
import type { Fail } from "./error.js";
import type { OnnxNode } from "./model.js";
import { readTensor } from "./tensor.js";
import type { Known } from "./value.js";

export interface Attributes {
  has(name: string): boolean;
  int(name: string, fallback: number): number;
  float(name: string, fallback: number): number;
  text(name: string, fallback: string): string;
  ints(name: string): number[] | undefined;
  floats(name: string): number[] | undefined;
  tensor(name: string): Known | undefined;
}

export function attributesOf({ attributes }: OnnxNode, fail: Fail): Attributes {
  const read = <T>(
    name: string,
    type: AttributeType,
    get: (a: NonNullable<ReturnType<typeof attributes.get>>) => T,
  ) => {
    const held = attributes.get(name);
    if (!held) return undefined;
    if (held.type === type) return get(held);
    const found = AttributeType[held.type] ?? `type ${held.type}`;
    return fail(`an attribute ${name} of type ${AttributeType[type]}`, found, "export the model again");
  };
  return {
    has: (name) => attributes.has(name),
    int: (name, fallback) => read(name, AttributeType.INT, ({ i }) => Number(i)) ?? fallback,
    float: (name, fallback) => read(name, AttributeType.FLOAT, ({ f }) => f) ?? fallback,
    text: (name, fallback) => read(name, AttributeType.STRING, ({ s }) => new TextDecoder().decode(s)) ?? fallback,
    ints: (name) => read(name, AttributeType.INTS, ({ ints }) => ints.map(Number)),
    floats: (name) => read(name, AttributeType.FLOATS, ({ floats }) => floats),
    tensor(name) {
      const held = read(name, AttributeType.TENSOR, ({ t }) => t);
      return held && readTensor(held, fail);
    },
  };
}
