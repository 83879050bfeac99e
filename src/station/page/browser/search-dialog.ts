import { ask, field, sentenceIn, textField } from "./api.js";
import { dialogOf, openAlone } from "./dialogs.js";
import { byId, element, setText } from "./dom.js";
import { after, dayText } from "./time.js";

/** Units of all batches by a part of any of their numbers, while it is typed. */
export function searchDialog(): { open(): void } {
  const dialog = dialogOf("search-dialog");
  const input = byId("search", HTMLInputElement);
  const count = byId("search-count", HTMLElement);
  const found = byId("found", HTMLElement);
  // A list that is scrolled has to be reached by the keyboard.
  found.tabIndex = 0;
  let asked = 0;
  let cancel = (): void => undefined;

  const search = async (): Promise<void> => {
    const text = input.value.trim();
    const turn = ++asked;
    if (text === "") {
      found.replaceChildren();
      setText(count, "");
      return;
    }
    const answer = await ask(`/api/search?${new URLSearchParams({ text }).toString()}`);
    // A later letter has asked anew.
    if (turn !== asked) return;
    if (answer.kind !== "done") {
      setText(count, sentenceIn(answer));
      found.replaceChildren();
      return;
    }
    const units = field(answer.body, "units");
    const list = Array.isArray(units) ? units : [];
    setText(count, list.length === 0 ? "No unit has this." : list.length === 1 ? "1 unit" : `${list.length} units`);
    found.replaceChildren(...list.map((unit: unknown) => unitNode(unit)));
  };
  input.addEventListener("input", () => {
    cancel();
    cancel = after(150, () => void search());
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    cancel();
    void search();
    input.select();
  });
  return {
    open: () => {
      openAlone(dialog);
      input.focus();
      input.select();
    },
  };
}

function unitNode(unit: unknown): HTMLElement {
  const verdict = textField(unit, "verdict");
  const number = (name: string): number => {
    const value = field(unit, name);
    return typeof value === "number" ? value : 0;
  };
  const row = (name: string, value: string): HTMLElement[] =>
    value === "" ? [] : [element("div", {}, [element("dt", { text: name }), element("dd", { text: value })])];
  const error = [textField(unit, "code"), textField(unit, "message")].filter((part) => part !== "").join(": ");
  const runs = number("runs");
  return element("article", { class: "unit", attributes: { "data-tone": verdict === "PASS" ? "pass" : "fail" } }, [
    element("h3", {}, [
      element("span", { class: "verdict", text: `${verdict === "PASS" ? "✓" : "✕"} ${verdict}` }),
      element("span", { text: textField(unit, "serial") }),
    ]),
    element("dl", { class: "facts" }, [
      ...row("EID", textField(unit, "eid")),
      ...row("ICCID", textField(unit, "iccid")),
      ...row("IMEI", textField(unit, "imei")),
      ...row("Error", error),
      ...row(
        "Run",
        `${dayText(number("endedAtMs"))}, slot ${number("slot")}, batch ${textField(unit, "batch")}${runs > 1 ? `, ${runs} runs` : ""}`,
      ),
    ]),
  ]);
}
