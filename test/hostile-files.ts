// Malformed and hostile files of the formats that users bring, built from whole ones: the table of which the tests of
// readers and of the command line read every row. Each row says what is wrong and what the error must say.
import { gzipSync } from "node:zlib";
import { bytesOf, type HostileFormat, latin1 } from "./hostile/bytes.js";
import { npyFiles } from "./hostile/npy.js";
import { npzFiles } from "./hostile/npz.js";
import { oldPtFiles, pickleFiles, ptFiles } from "./hostile/pt.js";
import { safetensorsFiles } from "./hostile/safetensors.js";

const none: HostileFormat = {
  format: "other",
  twins: {},
  hostile: [
    ["of nothing", new Uint8Array(), "PyTorch (.pt, .pth) file, found an empty file"],
    ["of one byte", latin1("P"), 'found a file that begins with "P"'],
    ["of text", latin1("epoch,loss\n1,0.5\n"), 'found a file that begins with "epoch,lo"'],
    ["of zeros", new Uint8Array(4096), "found a file that begins with"],
    ["of HDF5 (Keras)", latin1("\x89HDF\r\n\x1a\n"), "found an HDF5 file (Keras); save the arrays with numpy.savez"],
    ["packed by gzip", new Uint8Array(gzipSync(npyFiles.twins.whole!)), "found a gzip file; unpack it first"],
    ["of tar", bytesOf("sys_info", new Uint8Array(249), "ustar\x0000"), "found a tar archive; unpack it"],
    ["of GGUF", latin1("GGUF\x03\0\0\0"), "found a GGUF file; save the tensors as safetensors"],
    ["of pixels", latin1("\x89PNG\r\n\x1a\n"), "found a file that begins with"],
  ],
};

/** Files of tensors. */
export const tensorFormats: readonly HostileFormat[] = [
  safetensorsFiles,
  npyFiles,
  npzFiles,
  ptFiles,
  oldPtFiles,
  pickleFiles,
  none,
];
