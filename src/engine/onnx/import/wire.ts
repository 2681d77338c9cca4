// Walks the protobuf wire format of a stranger's file before it is decoded, so that a truncated file is named by its byte, and so that nesting
// and memory are bounded: two bytes on the wire can become hundreds in memory. Format: protobuf.dev/programming-guides/encoding.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { failIn } from "./error.js";

const DEEPEST = 40;
/** Estimated bytes that decoded messages may take, beside the tensors' raw data, which is not copied. */
const MOST_MEMORY = 600e6;
const MESSAGE_COST = 400;
const ITEM_COST: Readonly<Record<number, number>> = { [ScalarType.INT64]: 40, [ScalarType.UINT64]: 40 };
const OTHER_ITEM_COST = 16;
const EXTENT = { fixed64: 8, fixed32: 4 };

/** What one field of the schema is decoded to. */
function kindOf(field: DescField | undefined): { message?: DescMessage; itemCost: number } {
  if (field === undefined) return { itemCost: 0 };
  if (field.fieldKind === "message" || (field.fieldKind === "list" && field.listKind === "message")) {
    return { message: field.message, itemCost: MESSAGE_COST };
  }
  const itemCost = "scalar" in field && field.scalar !== undefined ? ITEM_COST[field.scalar] : undefined;
  return { itemCost: itemCost ?? OTHER_ITEM_COST };
}

/** Throws OnnxImportError unless `bytes` are one well-formed message of `schema` that decodes within bounds. */
export function checkWire(bytes: Uint8Array, schema: DescMessage, file: string): void {
  const fieldsOf = new Map<DescMessage, Map<number, ReturnType<typeof kindOf>>>();
  let memory = 0;

  const failAt = (position: number, expected: string, actual: string, remedy?: string): never =>
    failIn(file, `byte ${position}`)(expected, actual, remedy);
  const charge = (position: number, cost: number) => {
    memory += cost;
    if (memory <= MOST_MEMORY) return;
    failAt(
      position,
      `a model that decodes to at most ${MOST_MEMORY / 1e6} MB`,
      "more",
      "keep weights as raw_data, as exporters do",
    );
  };

  function known(message: DescMessage, number: number) {
    const fields = fieldsOf.get(message) ?? new Map(message.fields.map((field) => [field.number, kindOf(field)]));
    fieldsOf.set(message, fields);
    return fields.get(number) ?? { itemCost: 0 };
  }

  /** Value and position after a varint that ends before `end`. Exact up to 2^53. */
  function varint(start: number, end: number): readonly [value: number, next: number] {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      if (start + i >= end) failAt(start, "a whole number of up to 10 bytes", "the end of its message", "export again");
      const byte = bytes[start + i]!;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return [value, start + i + 1];
    }
    return failAt(start, "a whole number of up to 10 bytes", "more than 10", "check that this is an ONNX file");
  }

  /** Numbers packed into one field: every varint ends in a byte below 0x80, fixed ones have at least 4 bytes. */
  function itemsIn(start: number, end: number): number {
    let items = 0;
    for (let i = start; i < end; i++) if (bytes[i]! < 0x80) items++;
    return items;
  }

  function walk(message: DescMessage, start: number, end: number, depth: number): void {
    if (depth > DEEPEST) failAt(start, `at most ${DEEPEST} messages inside each other`, "more", "export again");
    for (let at = start; at < end; ) {
      const [tag, afterTag] = varint(at, end);
      const [number, wireType] = [Math.floor(tag / 8), tag % 8];
      if (number < 1) failAt(at, "a field of an ONNX model", `field ${number}`, "check that this is an ONNX file");
      const kind = known(message, number);
      if (wireType === 0) {
        charge(at, kind.itemCost);
        [, at] = varint(afterTag, end);
      } else if (wireType === 1 || wireType === 5) {
        charge(at, kind.itemCost);
        at = afterTag + (wireType === 1 ? EXTENT.fixed64 : EXTENT.fixed32);
        if (at > end) failAt(afterTag, "a number", "the end of its message", "the file is truncated: copy it again");
      } else if (wireType === 2) {
        const [length, body] = varint(afterTag, end);
        if (length > end - body) {
          failAt(body, `${length} bytes`, `${end - body}`, "the file is truncated or damaged: copy or export it again");
        }
        charge(at, kind.message ? MESSAGE_COST : kind.itemCost);
        if (kind.message) walk(kind.message, body, body + length, depth + 1);
        else if (kind.itemCost > OTHER_ITEM_COST) charge(at, kind.itemCost * itemsIn(body, body + length));
        at = body + length;
      } else {
        failAt(at, "a field of an ONNX model", `wire type ${wireType}`, "check that this is an ONNX file");
      }
    }
  }

  walk(schema, 0, bytes.length, 0);
}
