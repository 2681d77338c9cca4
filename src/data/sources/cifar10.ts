// CIFAR-10, binary version: https://www.cs.toronto.edu/~kriz/cifar.html. The user brings the files.
import { z } from "zod";
import { type CifarLayout, cifarOptions, openCifar } from "../cifar-records.js";
import { defineSource } from "../define.js";

const layout: CifarLayout = {
  id: "cifar10",
  labelBytes: 1,
  labels: [["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]],
  classByte: 0,
  officialFiles: {
    train: [1, 2, 3, 4, 5].map((n) => `data_batch_${n}.bin`),
    test: ["test_batch.bin"],
  },
};

export default defineSource({
  id: "cifar10",
  title: "CIFAR-10, binary version",
  options: z.strictObject(cifarOptions),
  open: ({ path, split }) => openCifar(layout, path, split),
});
