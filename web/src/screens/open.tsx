// Before there is an audit: open one from disk.
import { useSignal } from "@preact/signals";
import { parseAudit } from "../../../src/report/json.js";
import { withholdPictures } from "../../../src/report/visible-pictures.js";
import { FilePicker } from "../components/file-picker.js";
import { showAudit } from "../state.js";

export function Open() {
  const problem = useSignal("");
  const read = async (file: File) => {
    try {
      showAudit(withholdPictures(parseAudit(await file.text(), file.name)));
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    }
  };
  return (
    <>
      <h1 id="title" tabIndex={-1}>
        Open an audit
      </h1>
      <p class="lead">
        An audit writes <code>audit.json</code> into its run folder. Choose or drop one; it is read here and sent
        nowhere.
      </p>
      <FilePicker label="audit.json" onFile={read} />
      {problem.value !== "" && (
        <p class="banner" role="alert">
          {problem.value}
        </p>
      )}
    </>
  );
}
