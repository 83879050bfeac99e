import type { SlotView, StationView } from "../../view.js";
import { ask, field, sentenceIn, tell, textField } from "./api.js";
import { dialogOf, openAlone } from "./dialogs.js";
import { byId, element, setText } from "./dom.js";
import { elapsedText, sentenceOf, standingOf } from "./words.js";

/** One slot in full: identifiers to read and copy, what is wrong and who mends it, and what can be done. */
export interface SlotDialog {
  open(slot: number): void;
  show(view: StationView, nowMs: number): void;
}

const actors: Readonly<Record<string, string>> = {
  operator: "You, or who runs this line",
  "device-maker": "The maker of the device",
  vendor: "The vendor of the modem or the profile",
  network: "The network’s operator",
  esimd: "The makers of esimd",
  none: "Nobody: it goes by itself",
};

export function slotDialog(): SlotDialog {
  const dialog = dialogOf("slot-dialog");
  const title = byId("slot-title", HTMLElement);
  const body = byId("slot-body", HTMLElement);
  let number: number | undefined;
  let view: StationView | undefined;
  let codes: unknown;
  let drawnFor = "";

  const took = element("dd");
  const answer = element("p", { class: "answer", attributes: { role: "status" } });
  const act = async (path: string, asked: object, done: string): Promise<void> => {
    setText(answer, "…");
    const told = await tell(path, asked);
    setText(answer, told.kind === "done" ? done : sentenceIn(told));
  };

  const draw = (slot: SlotView): void => {
    const standing = standingOf(slot.phase);
    setText(title, `Slot ${slot.number}: ${standing.word}`);
    dialog.dataset["tone"] = standing.tone;
    const row = (name: string, value: Node): HTMLElement => element("div", {}, [element("dt", { text: name }), value]);
    const text = (name: string, value: string | null): HTMLElement[] =>
      value === null || value === "" ? [] : [row(name, element("dd", { text: value }))];
    body.replaceChildren(
      element("p", { class: "todo", text: slot.next }),
      element("dl", { class: "facts" }, [
        ...text("Serial", slot.unit.serial),
        ...text("EID", slot.unit.eid),
        ...text("ICCID", slot.unit.iccid),
        ...text("IMEI", slot.unit.imei),
        ...text("State", sentenceOf(slot.phase)),
        ...(slot.phase.kind === "failed" ? errorRows(slot.phase.code, text) : []),
        row("Time", took),
        ...text("Port", slot.port),
      ]),
      element("div", { class: "acts" }, buttonsOf(slot)),
      answer,
    );
  };
  const errorRows = (code: string, text: (name: string, value: string) => HTMLElement[]): HTMLElement[] => {
    const entry = field(codes, code);
    const actor = textField(entry, "actor");
    return [...text("Who must act", actors[actor] ?? actor), ...text("What helps", textField(entry, "next"))];
  };
  const buttonsOf = (slot: SlotView): HTMLElement[] => {
    const button = (text: string, look: string, press: () => Promise<void>): HTMLElement => {
      const made = element("button", { class: look, text, attributes: { type: "button" } });
      made.addEventListener("click", () => void press());
      return made;
    };
    const { kind } = slot.phase;
    const { serial } = slot.unit;
    const again = { slot: slot.number };
    return [
      ...(kind === "failed" || kind === "passed"
        ? [button("Run again", kind === "failed" ? "main" : "", () => act("/api/retry", again, "It runs again."))]
        : []),
      ...(kind === "passed" && serial !== null
        ? [button("Print the label again", "main", () => act("/api/reprint", { serial }, "The label is printed."))]
        : []),
      kind === "off"
        ? button("Work with this slot again", "main", () =>
            act("/api/off", { ...again, off: false }, "The slot is worked with again."),
          )
        : button("Take out of work", "", () =>
            act("/api/off", { ...again, off: true }, "The slot is out of work once what runs in it has ended."),
          ),
      ...(serial !== null && kind !== "running" ? [voiding(serial)] : []),
    ];
  };
  let voidingOf: { readonly serial: string; readonly node: HTMLElement } | undefined;
  /** Folded away: it is seldom wanted, and wants a reason. The same as long as the unit is, so that no typed reason is lost. */
  const voiding = (serial: string): HTMLElement => {
    if (voidingOf?.serial !== serial) voidingOf = { serial, node: voidingForm(serial) };
    return voidingOf.node;
  };
  const voidingForm = (serial: string): HTMLElement => {
    const why = element("input", {
      attributes: { id: "why", type: "text", maxlength: "500", required: "", autocomplete: "off" },
    });
    const form = element("form", { class: "void" }, [
      element("label", { text: "Why this serial number does not belong to this unit", attributes: { for: "why" } }),
      why,
      element("button", { class: "grave", text: "Take the record back", attributes: { type: "submit" } }),
    ]);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void act("/api/void", { serial, why: why.value }, "The record was taken back.");
    });
    return element("details", {}, [element("summary", { text: "Wrong serial number?" }), form]);
  };

  const learnCodes = async (): Promise<void> => {
    if (codes !== undefined) return;
    const answered = await ask("/api/errors");
    if (answered.kind === "done") codes = answered.body;
  };
  void learnCodes();

  const refresh = (nowMs: number): void => {
    const slot = view?.slots.find((one) => one.number === number);
    if (slot === undefined) return;
    // Drawn anew only for what is shown in it, so that the focus stays and nothing typed is lost.
    const phase = { ...slot.phase, progress: null };
    const key = JSON.stringify([slot.number, phase, slot.next, slot.unit, codes !== undefined]);
    if (key !== drawnFor) {
      const focused = [...body.querySelectorAll("button, input, summary")].indexOf(document.activeElement ?? body);
      draw(slot);
      drawnFor = key;
      const same = [...body.querySelectorAll("button, input, summary")][focused];
      if (same instanceof HTMLElement) same.focus();
    }
    setText(took, elapsedText(slot, nowMs) || "–");
  };

  return {
    open: (slot) => {
      number = slot;
      drawnFor = "";
      setText(answer, "");
      openAlone(dialog);
      refresh(view?.atMs ?? 0);
      void learnCodes();
    },
    show: (next, nowMs) => {
      view = next;
      if (dialog.open) refresh(nowMs);
    },
  };
}
