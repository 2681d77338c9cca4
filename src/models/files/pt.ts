// Reads PyTorch's .pt and .pth files: zip archives of a pickle and its storages (torch.save since 1.6). Nothing in a
// file is executed. Format: torch/serialization.py.
import type { Tensor } from "../../math/tensor.js";
import { failIn, listNames } from "../weights-error.js";
import { unpickle } from "./pickle.js";
import { findTensors } from "./torch-content.js";
import { torchRules } from "./torch-globals.js";
import { readTorchTensors, type Storages } from "./torch-tensors.js";
import type { ZipFile } from "./zip.js";

export interface PtContent {
  readonly named: boolean;
  readonly tensors: Map<string, Tensor>;
  /** What stood beside the tensors in the same dict. */
  readonly passedOver: readonly string[];
}

const PICKLE = "data.pkl";
const picklesOf = (zip: ZipFile) => zip.entries.filter((name) => name === PICKLE || name.endsWith(`/${PICKLE}`));

/** Whether an archive is PyTorch's. */
export const isPtZip = (zip: ZipFile): boolean => picklesOf(zip).length > 0;

/**
 * Tensors of an opened archive; `fileBytes` is the length of the file and `file` how errors call it. Throws
 * WeightsError.
 */
export function readPtZip(zip: ZipFile, fileBytes: number, file: string): PtContent {
  const [pickle = PICKLE, second] = picklesOf(zip);
  if (second) failIn(file)(`one ${PICKLE}`, listNames([pickle, second]));
  const folder = pickle.slice(0, -PICKLE.length);
  const script = zip.entries.find((name) => name === `${folder}constants.pkl` || name.startsWith(`${folder}code/`));
  if (script) {
    failIn(file)("tensors that torch.save wrote", "a TorchScript program (torch.jit.save)", {
      remedy: "save model.state_dict() with torch.save",
    });
  }
  const fail = failIn(zip.nameOf(pickle));
  const bytes = zip.read(pickle);
  const { value, end } = unpickle(bytes, 0, torchRules, fail);
  if (end !== bytes.length) fail("the end of the pickle", `${bytes.length - end} bytes more`, { at: end });
  const order = zip.entries.includes(`${folder}byteorder`) ? zip.read(`${folder}byteorder`) : undefined;
  const unpacked = new Map<string, Uint8Array>();
  const storages: Storages = {
    fileBytes,
    littleEndian: order === undefined || new TextDecoder().decode(order) !== "big",
    bytesOf({ key }) {
      const data = unpacked.get(key) ?? zip.read(`${folder}data/${key}`);
      unpacked.set(key, data);
      return data;
    },
  };
  const content = findTensors(value, fail);
  return { ...content, tensors: readTorchTensors(content, storages, fail) };
}
