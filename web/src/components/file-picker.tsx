// A file from the reader's disk: chosen by button or dropped.
import { useSignal } from "@preact/signals";

export function FilePicker({
  label,
  accept = ".json,application/json",
  onFile,
}: {
  label: string;
  accept?: string;
  onFile: (file: File) => void;
}) {
  const over = useSignal(false);
  const take = (file: File | undefined | null) => {
    over.value = false;
    if (file) onFile(file);
  };
  return (
    <label
      class={`drop ${over.value ? "over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        over.value = true;
      }}
      onDragLeave={() => {
        over.value = false;
      }}
      onDrop={(event) => {
        event.preventDefault();
        take(event.dataTransfer?.files.item(0));
      }}
    >
      <span>{label}</span>
      <input type="file" accept={accept} onChange={(event) => take(event.currentTarget.files?.item(0))} />
    </label>
  );
}
