import type { BatchView, StationView } from "../../view.js";
import { byId, element, setText } from "./dom.js";
import { shiftChart } from "./shift-chart.js";
import { durationText, shareText } from "./words.js";

/** The batch in figures, and the shift's chart. */
export function railOf(): { show(view: StationView): void } {
  const tiles = {
    passed: byId("passed", HTMLElement),
    failed: byId("failed", HTMLElement),
    yield: byId("yield", HTMLElement),
  };
  const list = byId("figures", HTMLElement);
  const rows = new Map<string, HTMLElement>();
  const figure = (name: string, text: string | null): void => {
    let value = rows.get(name);
    if (text === null) {
      value?.parentElement?.remove();
      rows.delete(name);
      return;
    }
    if (value === undefined) {
      value = element("dd");
      list.append(element("div", {}, [element("dt", { text: name }), value]));
      rows.set(name, value);
    }
    setText(value, text);
  };
  const chart = shiftChart();
  return {
    show: ({ batch, shift }) => {
      const ended = batch.passed + batch.failed;
      setText(tiles.passed, String(batch.passed));
      setText(tiles.failed, String(batch.failed));
      setText(tiles.yield, shareText(batch.passed, ended));
      for (const [name, text] of figuresOf(batch)) figure(name, text);
      chart.show(shift);
    },
  };
}

function figuresOf(batch: BatchView): readonly (readonly [string, string | null])[] {
  const { cycle, budget, charges, sheet } = batch;
  return [
    ["Passed at once", shareText(batch.passedFirst, batch.passed + batch.failed)],
    ["Running now", String(batch.running)],
    ["Cycle, median", cycle === null ? "–" : durationText(cycle.medianMs)],
    ["9 of 10 within", cycle === null ? "–" : durationText(cycle.p90Ms)],
    ["Last unit", cycle === null ? "–" : durationText(cycle.lastMs)],
    ["Profiles paid", budget === null ? String(charges) : `${charges} of ${budget}`],
    ["Left on the sheet", sheet === null ? null : `${sheet.left} of ${sheet.total}`],
  ];
}
