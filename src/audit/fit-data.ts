// Model and data that fit each other: our models are made for the data's pictures; a user's ONNX file has a size of its own, to which
// pictures are brought where their source can, and refused by name where it cannot.
import type { Dataset } from "../data/dataset.js";
import { openDataset, sources } from "../data/open.js";
import type { Config } from "./config.js";
import { ModelError, type OpenedModel, openNamedModel, openOnnxModel } from "./open-model.js";

type DataChoice = Readonly<Record<string, unknown>> & { readonly source: string };

export interface Fitting {
  readonly opened: OpenedModel;
  readonly dataset: Dataset;
}

/** Opens both. Throws ModelError, OnnxImportError or DataError. */
export async function openFitting({ name, file, classes }: Config["model"], data: DataChoice): Promise<Fitting> {
  const dataset = await openDataset(data);
  if (file === undefined) {
    const known = dataset.classes.length;
    if (classes !== undefined && classes < known) {
      throw new ModelError(
        `model.classes is ${classes}, but ${data.source} has ${known} classes; give ${known} or more`,
      );
    }
    return { dataset, opened: openNamedModel(name, { inputShape: dataset.shape, classes: classes ?? known }) };
  }
  const opened = await openOnnxModel(file, dataset.shape);
  return { opened, dataset: await scaledTo(opened, file, dataset, data) };
}

/** True where the source scales its pictures to an edge length of the user's. */
const scales = (id: string): boolean => "size" in (sources.find((source) => source.id === id)?.options.shape ?? {});

async function scaledTo({ model }: OpenedModel, file: string, dataset: Dataset, data: DataChoice): Promise<Dataset> {
  const [channels, height, width] = model.inputShape;
  const wanted = model.inputShape.join("x");
  if (dataset.classes.length > model.classes) {
    throw new ModelError(
      `${file} tells ${model.classes} classes apart, ${data.source} has ${dataset.classes.length}; use data whose labels the model knows`,
    );
  }
  if (dataset.shape.join() === model.inputShape.join()) return dataset;
  const square = height === width && channels === dataset.shape[0] && scales(data.source);
  if (square && data.size === undefined) return openDataset({ ...data, size: height });
  const remedy = square
    ? `set data.size to ${height} or leave it out`
    : `use a source that gives ${wanted}, or export the model for ${dataset.shape.join("x")}`;
  throw new ModelError(`${file} takes images of ${wanted}, ${data.source} gives ${dataset.shape.join("x")}; ${remedy}`);
}

/** Other data in the size of the victim's, as far as the source can; what it gives else is left to the caller to refuse. */
export async function openAlike(victim: Dataset, data: DataChoice): Promise<Dataset> {
  const [, height, width] = victim.shape;
  const sized = scales(data.source) && data.size === undefined && height === width;
  return openDataset(sized ? { ...data, size: height } : data);
}
