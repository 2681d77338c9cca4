// `leakscope attack`: one attack, in this process: on a simulated round, or on an update that was recorded elsewhere.
import { Command, Option } from "commander";
import { updateKinds, updateSigns } from "../audit/interpret-update.js";
import { threatLetters } from "../threat/capabilities.js";
import { attackRecorded, type RecordedOptions } from "./attack-recorded.js";
import { attackSimulated, type SimulatedOptions } from "./attack-simulated.js";
import { deviceOption } from "./device.js";
import { type ExitCode, exitCodes, UsageError } from "./exit.js";
import { imageShape, labelChoice, normalization } from "./model-options.js";
import { aboveZero, collect, numberList, wholeNumber } from "./options.js";

const examples = `
Examples:
  leakscope attack dlg
  leakscope attack inverting-gradients --model convnet --option iterations=1000 --labels known
  leakscope attack dlg --data cifar10:./train.bin --records 0,1,3
  leakscope attack dlg --defense top-k:keep=0.01 --adaptive
  leakscope attack robbing-the-fed --threat G --batch-size 8 -o out
  leakscope attack dlg --model net.onnx --data folder:./pictures
  leakscope attack dlg --model net.onnx --update gradient.pt
  leakscope attack inverting-gradients --model net.onnx --global before.npz --update after.npz --kind weights --scale 0.1 \\
      --batch-size 2 --labels known:3,5 --normalization cifar10
  leakscope attack dlg --update captured/round-0-client-0.safetensors`;

/** Options that say something about simulated data, and about recorded updates. */
const onlySimulated = ["data", "records"] as const;
const onlyRecorded = ["kind", "sign", "scale", "input", "classes", "normalization"] as const;

/** The verb. `exit` is told how the process should end. */
export function attackCommand(exit: (code: ExitCode) => void): Command {
  return new Command("attack")
    .description("run one attack on one simulated round, or on an update of your own, and show what it brings back")
    .argument("<id>", "see `leakscope list attacks`")
    .addOption(
      new Option("--threat <letter>", "threat model (default: the weakest that can carry the attack)").choices(
        threatLetters,
      ),
    )
    .option("--model <id>", "see `leakscope list models`, or an ONNX file (default: the one of the attack's control)")
    .option(
      "--global <file>",
      "weights: safetensors, npz, npy, .pt or a folder of npy (default: the ONNX file's, or fresh)",
    )
    .option("--batch-size <n>", "images per batch (default: 1, or the control's where its model plays)", wholeNumber(1))
    .option(
      "--labels <how>",
      "recovered (or auto), known, or known:3,5 of an own update (default: recovered)",
      labelChoice,
    )
    .option("--defense <id>", "id or id:key=value,… (see `leakscope list defenses`)")
    .option("--adaptive", "the attacker knows the defense and its options")
    .option("--option <key=value>", "option of the attack (repeatable; see `leakscope explain <id>`)", collect, [])
    .option("--seed <n>", "seed of all random choices", wholeNumber(0), 1)
    .addOption(deviceOption())
    .option("--budget <seconds>", "end the attack after this time", wholeNumber(1))
    .option("-o, --output <folder>", "where pictures and result.json go", "leakscope-attack")
    .option("--json", "print the result as JSON")
    .option("--no-color", "plain text")
    .optionsGroup("A simulated round:")
    .option(
      "--data <source>",
      "source, source:path or source:key=value,… (default: portraits; see `leakscope list data`)",
    )
    .option("--records <list>", "records of the data set, such as 0,1 (default: one batch from the start)", numberList)
    .optionsGroup("An update of your own, without its data:")
    .option("--update <file>", "gradient, weight delta or local weights; same formats as --global")
    .addOption(new Option("--kind <kind>", "what the update is (default: auto, by stated rules)").choices(updateKinds))
    .addOption(
      new Option("--sign <order>", "of a delta (default: auto, by the last layer's bias)").choices(updateSigns),
    )
    .option("--scale <lr>", "learning rate × local steps of a delta (default: found where that can be)", aboveZero)
    .option(
      "--normalization <how>",
      "of pixels in [0, 1]: none, imagenet, cifar10, mean=…,std=… (default: none)",
      normalization,
    )
    .option("--input <CxHxW>", "size of images of a model that is no file (default: 3x32x32)", imageShape)
    .option("--classes <n>", "classes of a model that is no file (default: 10)", wholeNumber(2))
    .addHelpText("after", examples)
    .action(async (id: string, options: SimulatedOptions & RecordedOptions) => {
      const { update } = options;
      const odd = (update === undefined ? onlyRecorded : onlySimulated).find((name) => options[name] !== undefined);
      if (odd) {
        const why =
          update === undefined
            ? "belongs to an own update; add --update"
            : "has no effect with --update, which comes without data";
        throw new UsageError(`--${odd} ${why}`);
      }
      await (update === undefined ? attackSimulated(id, options) : attackRecorded(id, { ...options, update }));
      exit(exitCodes.good);
    });
}
