// Step 1: the picture and the model of the client.
import { FilePicker } from "../../src/components/file-picker.js";
import { choice, choose, OWN, own } from "../choice.js";
import { refusal, takePicture } from "../own-picture.js";
import { classes, portraits } from "../portraits.js";
import { choices } from "../protocol.js";
import { chosen } from "../run.js";
import { CanvasPicture, Captioned } from "./canvas-picture.js";
import { Pick, Step } from "./step.js";

export function ChoosePicture() {
  const { model } = choice.value;
  const { picture, name, label } = chosen.value;
  const { width, height } = picture;
  const tiles = [
    ...portraits.map((portrait, i) => ({ id: String(i), name: `portrait ${i + 1}`, ...portrait })),
    ...(own.value ? [{ id: OWN, ...own.value }] : []),
  ];
  return (
    <Step
      number={1}
      title="A client's picture never leaves"
      sentence="In federated learning a phone keeps its picture and lets the model learn from it on the spot."
    >
      <fieldset class="gallery">
        <legend>Choose the picture</legend>
        {tiles.map((tile) => (
          <label key={tile.id}>
            <input
              type="radio"
              name="picture"
              data-testid={`picture-${tile.id}`}
              aria-label={`${tile.name}, ${classes[tile.label]}`}
              checked={choice.value.picture === tile.id}
              onChange={() => choose({ picture: tile.id })}
            />
            <CanvasPicture picture={tile.picture} />
          </label>
        ))}
      </fieldset>
      <FilePicker label="or drop one of your own; it stays in this tab" accept="image/*" onFile={takePicture} />
      <p class="refusal" role="alert">
        {refusal.value}
      </p>
      <Captioned picture={picture} label={`The chosen picture: ${name}`}>
        What the model sees of {name}: {width} × {height} pixels
      </Captioned>
      {choice.value.picture === OWN ? (
        <Pick
          label="Its label, which the client trains on"
          testId="label"
          value={String(label)}
          options={classes.map((name, i) => ({ id: String(i), name }))}
          sentence="The model learns hair colours. Choose any: the server will find out which."
          onChange={(id) => {
            own.value = own.value && { ...own.value, label: Number(id) };
          }}
        />
      ) : (
        <p class="label">
          Its label, which the client trains on: <strong>{classes[label]}</strong>
        </p>
      )}
      <Pick
        label="Model"
        testId="model"
        value={model}
        options={choices.models}
        sentence={choices.models.find(({ id }) => id === model)!.sentence}
        onChange={(id) => choose({ model: id })}
      />
    </Step>
  );
}
