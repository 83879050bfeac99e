import type { SlotView } from "../../view.js";
import { element, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";
import { elapsedText, percentOf, sentenceOf, standingOf } from "./words.js";

/** One slot of the wall: a button that says everything of it in as much detail as it has room for. */
export interface SlotCell {
  readonly cell: HTMLElement;
  readonly button: HTMLButtonElement;
  show(slot: SlotView, nowMs: number): void;
}

export function slotCell(number: number): SlotCell {
  const mark = icon();
  const word = element("span", { class: "word" });
  const serialText = element("bdi");
  const serial = element("span", { class: "serial" }, [serialText]);
  const took = element("span", { class: "took" });
  const sentence = element("span", { class: "sentence" });
  const next = element("span", { class: "next" });
  const fill = element("span", { class: "fill" });
  const bar = element("span", { class: "bar" }, [fill]);
  // What is seen is what is heard, so that a person who speaks to the browser can name what he sees.
  const inside = element("span", { class: "inside" }, [
    element("span", { class: "unseen", text: "Slot" }),
    element("span", { class: "number", text: String(number) }),
    mark.node,
    word,
    serial,
    took,
    sentence,
    bar,
    next,
  ]);
  const button = element("button", { class: "slot", attributes: { type: "button", tabindex: "-1" } }, [inside]);
  const cell = element("div", { attributes: { role: "gridcell" } }, [button]);
  return {
    cell,
    button,
    show: (slot, nowMs) => {
      const standing = standingOf(slot.phase);
      setAttribute(button, "data-tone", standing.tone);
      setAttribute(button, "data-kind", slot.phase.kind);
      mark.show(standing.icon);
      setText(word, standing.word);
      word.classList.toggle("is-long", standing.word.length > 4);
      setText(serialText, slot.unit.serial ?? "");
      setText(took, elapsedText(slot, nowMs));
      setText(sentence, sentenceOf(slot.phase));
      setText(next, slot.next);
      const progress = slot.phase.kind === "running" ? slot.phase.progress : null;
      bar.classList.toggle("is-moving", progress !== null);
      fill.style.width = `${progress === null ? 0 : percentOf(progress)}%`;
    },
  };
}
