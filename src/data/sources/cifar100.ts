// CIFAR-100, binary version: https://www.cs.toronto.edu/~kriz/cifar.html. The user brings the files.
import { z } from "zod";
import { type CifarLayout, cifarOptions, openCifar } from "../cifar-records.js";
import { defineSource } from "../define.js";

const COARSE = `aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices
  household_furniture insects large_carnivores large_man-made_outdoor_things large_natural_outdoor_scenes
  large_omnivores_and_herbivores medium_mammals non-insect_invertebrates people reptiles small_mammals trees
  vehicles_1 vehicles_2`.split(/\s+/);

const FINE = `apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can
  castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant
  flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree
  motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate
  poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider
  squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
  wardrobe whale willow_tree wolf woman worm`.split(/\s+/);

const layout: Omit<CifarLayout, "classByte"> = {
  id: "cifar100",
  labelBytes: 2,
  labels: [COARSE, FINE],
  officialFiles: { train: ["train.bin"], test: ["test.bin"] },
};

export default defineSource({
  id: "cifar100",
  title: "CIFAR-100, binary version",
  options: z.strictObject({
    ...cifarOptions,
    labels: z.enum(["fine", "coarse"]).default("fine").describe("100 classes or 20 superclasses"),
  }),
  open: ({ path, split, labels }) => openCifar({ ...layout, classByte: labels === "fine" ? 1 : 0 }, path, split),
});
