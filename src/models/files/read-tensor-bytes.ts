// Tensors from the bytes of a file, whose format is told by its content: endings lie, and captured updates often have
// none.
import { readSafetensors } from "../safetensors.js";
import { failIn, quote } from "../weights-error.js";
import { readNpy } from "./npy.js";
import { NPY_MAGIC } from "./npy-header.js";
import { isNpz, readNpzEntries } from "./npz.js";
import { isPtZip, readPtZip } from "./pt.js";
import { readPtLegacy } from "./pt-legacy.js";
import { asTensorFile, type TensorFile } from "./tensor-file.js";
import { openZip } from "./zip.js";

const ascii = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** Formats that people bring and that are refused, by what stands at which position, with what to do. */
const foreign: readonly (readonly [bytes: Uint8Array, at: number, what: string, remedy: string])[] = [
  [ascii("\x89HDF"), 0, "an HDF5 file (Keras)", "save the arrays with numpy.savez(path, *model.get_weights())"],
  [ascii("\x1f\x8b"), 0, "a gzip file", "unpack it first"],
  [
    ascii("ustar"),
    257,
    "a tar archive",
    "unpack it; a .pt file from before PyTorch 0.1.10 has to be saved again by PyTorch",
  ],
  [ascii("GGUF"), 0, "a GGUF file", "save the tensors as safetensors"],
];

const startsWith = (bytes: Uint8Array, start: Uint8Array, at = 0) => start.every((byte, i) => bytes[at + i] === byte);

const ZIP_STARTS = [ascii("PK\x03\x04"), ascii("PK\x05\x06")];
const PICKLE_START = 0x80;

/** A safetensors file begins with the length of its header, which is far below 2^40, and then the header's brace. */
const isSafetensors = (bytes: Uint8Array) => bytes[8] === 0x7b && bytes[5] === 0 && bytes[6] === 0 && bytes[7] === 0;

/**
 * The tensors of a safetensors, .npy, .npz or PyTorch file; `file` is how errors call it. Throws WeightsError, whatever
 * the bytes.
 */
export function readTensorBytes(bytes: Uint8Array, file: string): TensorFile {
  const fail = failIn(file);
  if (startsWith(bytes, NPY_MAGIC)) return asTensorFile("npy", new Map([["0", readNpy(bytes, file)]]), fail);
  if (ZIP_STARTS.some((start) => startsWith(bytes, start))) return readArchive(bytes, file);
  if (isSafetensors(bytes)) return asTensorFile("safetensors", readSafetensors(bytes, file), fail);
  if (bytes[0] === PICKLE_START) {
    const { tensors, passedOver } = readPtLegacy(bytes, file);
    return asTensorFile("pt", tensors, fail, passedOver);
  }
  const expected = "a safetensors, NumPy (.npy, .npz) or PyTorch (.pt, .pth) file";
  if (bytes.length === 0) fail(expected, "an empty file");
  const known = foreign.find(([start, at]) => startsWith(bytes, start, at));
  if (known) fail(expected, known[2], { remedy: known[3] });
  return fail(expected, `a file that begins with ${quote(String.fromCharCode(...bytes.subarray(0, 8)))}`);
}

function readArchive(bytes: Uint8Array, file: string): TensorFile {
  const fail = failIn(file);
  const zip = openZip(bytes, file);
  if (isPtZip(zip)) {
    const { tensors, passedOver } = readPtZip(zip, bytes.length, file);
    return asTensorFile("pt", tensors, fail, passedOver);
  }
  if (isNpz(zip)) return asTensorFile("npz", readNpzEntries(zip), fail);
  const odd = zip.entries.find((name) => !name.endsWith(".npy")) ?? "";
  return fail("an archive of NumPy (only .npy entries) or PyTorch (with data.pkl)", `one with ${quote(odd)}`, {
    remedy: "save tensors with numpy.savez or torch.save",
  });
}
