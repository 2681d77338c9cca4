import { describe, expect, it } from "vitest";
import { failIn, WeightsError } from "../weights-error.js";
import { unpickle } from "./pickle.js";
import type { PickleRules } from "./pickle-machine.js";

/** From CPython 3.11's `pickle.dumps` of the values below; only newer protocols have bytes, sets and byte arrays. */
const NUMBERS =
  "KEsASv////9L/03//0oAAAEASgAAAIBK////f4oGAAAAAAABigYAAAAAAP+KBwAAAAAAACCKCQAAAAAAAAAAwEc/uZmZmZmZmkf/8AAAAAAAAIiJTmU=";
const WHOLE = {
  2: "gAJ9cQAoWAYAAAB0dXBsZXNxA11xBCgpSwGFcQVLAUsChnEGSwFLAksDh3EHKEsBSwJLA0sEdHEIZVgEAAAAdGV4dHEJWAgAAABow6kg8J+YgHEKWAQAAABzYW1lcQtdcQwoXXENWAEAAAB4cQ5haA1ldS4=",
  5: "gAWV7wAAAAAAAAB9lCiMB251bWJlcnOUXZQoSwBK/////0v/Tf//SgAAAQBKAAAAgEr///9/igYAAAAAAAGKBgAAAAAA/4oHAAAAAAAAIIoJAAAAAAAAAADARz+5mZmZmZmaR//wAAAAAAAAiIlOZYwGdHVwbGVzlF2UKClLAYWUSwFLAoaUSwFLAksDh5QoSwFLAksDSwR0lGWMBHRleHSUjAhow6kg8J+YgJSMBHNhbWWUXZQoXZSMAXiUYWgNZYwFYnl0ZXOUQwIA/5SMBHNldHOUXZQoj5QoSweQKEsIkZRljAVhcnJheZSWAgAAAAAAAAABApR1Lg==",
};

const rules: PickleRules = {
  globals: new Map<string, unknown>([
    ["ours.add", ([a, b]: number[]) => a! + b!],
    ["ours.word", "a word"],
  ]),
  persistent: (id) => ({ id }),
};
const read = (bytes: Uint8Array, begin = 0) => unpickle(bytes, begin, rules, failIn("w.pkl"));
const of = (text: string) => Uint8Array.from(`\x80\x04${text}.`, (char) => char.charCodeAt(0));

describe("unpickle", () => {
  const tuples = [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]];
  const numbers = [
    [0, -1, 255, 65535, 65536, -(2 ** 31), 2 ** 31 - 1, 2 ** 40, -(2 ** 40)],
    [2n ** 53n, -(2n ** 70n), 0.1, Number.NEGATIVE_INFINITY, true, false, null],
  ].flat();

  it("builds the plain values that Python pickled", () => {
    expect(read(Buffer.from(WHOLE[2], "base64")).value).toEqual(
      new Map<string, unknown>([
        ["tuples", tuples],
        ["text", "hé 😀"],
        ["same", [["x"], ["x"]]],
      ]),
    );
    expect(read(Buffer.from(WHOLE[5], "base64")).value).toEqual(
      new Map<string, unknown>([
        ["numbers", numbers],
        ["tuples", tuples],
        ["text", "hé 😀"],
        ["same", [["x"], ["x"]]],
        ["bytes", Buffer.of(0, 255)],
        ["sets", [[7], [8]]],
        ["array", Buffer.of(1, 2)],
      ]),
    );
    const list = Uint8Array.of(0x80, 2, 0x5d, ...Buffer.from(NUMBERS, "base64"), 0x2e);
    expect(read(list).value).toEqual(numbers);
  });

  it("shares what was shared", () => {
    const { value } = read(Buffer.from(WHOLE[2], "base64"));
    const [a, b] = (value as Map<string, unknown[]>).get("same")!;
    expect(a).toBe(b);
  });

  it("says where it ended, so that the next pickle can follow", () => {
    const two = Uint8Array.from([...of("K\x07"), ...of("K\x08")]);
    const first = read(two);
    expect([first.value, first.end]).toEqual([7, 5]);
    expect(read(two, first.end)).toEqual({ value: 8, end: 10 });
  });

  it("calls what the rules hold, with the arguments given, and nothing else", () => {
    expect(read(of("cours\nadd\nK\x02K\x03\x86R")).value).toBe(5);
    expect(read(of("\x8c\x04ours\x8c\x03add\x93K\x02K\x03\x86R")).value).toBe(5);
    expect(read(of("K\x09Q")).value).toEqual({ id: 9 });
    expect(() => read(of("cours\nword\n)R"))).toThrow('a call of "ours.word", which was not made');
    expect(() => read(of("cours\nother\n0N"))).toThrow('asks for "ours.other", which was not looked up and not called');
    expect(() => read(of("cmap\nget\n0N"))).toThrow(WeightsError);
  });

  it("keeps marks, the stack and the memo apart as Python does", () => {
    expect(read(of("(K\x01K\x020l")).value).toEqual([1]);
    expect(read(of("K\x01(0")).value).toBe(1);
    expect(read(of("K\x01(K\x02K\x031")).value).toBe(1);
    expect(read(of("]2\x94(K\x01K\x02eh\x00\x86")).value).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(read(of("(K\x01K\x02d")).value).toEqual(new Map([[1, 2]]));
    expect(read(of("K\x05r\x07\x00\x00\x000j\x07\x00\x00\x00")).value).toBe(5);
  });
});
