import { sentenceIn, tell } from "./api.js";
import { dialogOf, openAlone, twice } from "./dialogs.js";
import { byId, setText } from "./dom.js";

/** What is done to the line as a whole. */
export function stationDialog(): { open(): void } {
  const dialog = dialogOf("station-dialog");
  const answer = byId("station-answer", HTMLElement);
  const act = async (path: string, done: string): Promise<void> => {
    const told = await tell(path, {});
    setText(answer, told.kind === "done" ? done : sentenceIn(told));
  };
  twice(byId("drain", HTMLButtonElement), "Drain: press once more", () => void act("/api/drain", "The line drains."));
  twice(byId("stop", HTMLButtonElement), "Stop: press once more", () => void act("/api/stop", "The station stops."));
  byId("log-out", HTMLButtonElement).addEventListener("click", () => {
    void tell("/api/logout", {}).then(() => location.reload());
  });
  return {
    open: () => {
      setText(answer, "");
      openAlone(dialog);
    },
  };
}
