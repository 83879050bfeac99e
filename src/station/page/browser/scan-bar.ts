import type { ScanView } from "../../view.js";
import { field, sentenceIn, tell, textField } from "./api.js";
import { byId, setText } from "./dom.js";

/** What came of the last scan: large, and told to those who hear the page. */
export interface ScanBar {
  scan(text: string, slot?: number): void;
  show(scan: ScanView | null): void;
}

export function scanBar(say: (sentence: string, isUrgent: boolean) => void): ScanBar {
  const bar = byId("scan", HTMLElement);
  const what = bar.querySelector(".scan-what");
  const text = byId("scan-text", HTMLElement);
  let sequence: number | undefined;

  const tellOf = (scanned: string, sentence: string, isTaken: boolean): void => {
    bar.dataset["taken"] = isTaken ? "yes" : "no";
    if (what !== null) setText(what, `${isTaken ? "✓" : "✕"} ${scanned}`);
    setText(text, sentence);
    // The same scan twice is told twice: the mark moves even where the words are the same.
    bar.classList.remove("is-new");
    void bar.offsetWidth;
    bar.classList.add("is-new");
    say(`${scanned}: ${sentence}`, !isTaken);
  };
  return {
    scan: (scanned, slot) => {
      void tell("/api/scan", slot === undefined ? { text: scanned } : { text: scanned, slot }).then((answer) => {
        // What was taken, or not, comes with the view to every page; what never arrived is told here.
        if (answer.kind !== "done") tellOf(scanned, sentenceIn(answer), false);
        else if (sequence === undefined)
          tellOf(scanned, textField(answer.body, "sentence"), field(answer.body, "isTaken") === true);
      });
    },
    show: (scan) => {
      // What was scanned before this page was opened is not news.
      if (scan !== null && scan.sequence !== sequence && sequence !== undefined)
        tellOf(scan.text, scan.sentence, scan.isTaken);
      sequence = scan?.sequence ?? sequence ?? 0;
    },
  };
}
